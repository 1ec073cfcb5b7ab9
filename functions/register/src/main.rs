//! The Lambda function's entry point.

fn main() {
    register::serve();
}
