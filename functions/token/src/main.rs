//! The Lambda function's entry point.

fn main() {
    token::serve();
}
