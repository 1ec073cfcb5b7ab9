//! The Lambda function's entry point.

fn main() {
    sign_in::serve();
}
