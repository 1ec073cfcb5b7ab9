//! The Lambda function's entry point.

fn main() {
    discovery::serve();
}
