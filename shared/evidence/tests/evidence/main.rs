//! What evidence proves, and what it refuses to be: said once, and asked of both verifiers.

mod audit;
mod both;
mod cases;
mod checkpoints;
mod displayed;
mod forgery;
mod keeping;
mod world;
