//! The Lambda function's entry point.

fn main() {
    par::serve();
}
