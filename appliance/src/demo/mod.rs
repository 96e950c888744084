//! `mailstead demo`
use clap::Args;
use crate::cli::Failure;
#[derive(Args)]
pub struct Options {
    /// Start over
    #[arg(long)]
    fresh: bool,
}
pub async fn run(_: Options) -> Result<(), Failure> { Ok(()) }
