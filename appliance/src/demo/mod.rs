//! `mailstead demo`
use crate::cli::Failure;
use clap::Args;
#[derive(Args)]
pub struct Options {
    /// Start over
    #[arg(long)]
    fresh: bool,
}
pub async fn run(_: Options) -> Result<(), Failure> {
    Ok(())
}
