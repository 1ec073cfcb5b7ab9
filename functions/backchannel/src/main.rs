//! The Lambda function's entry point.

fn main() {
    backchannel::serve();
}
