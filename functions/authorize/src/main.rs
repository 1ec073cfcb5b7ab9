//! The Lambda function's entry point.

fn main() {
    authorize::serve();
}
