//! What the server under load uses: CPU, memory, files and disk. Reads `/proc` and the data directory;
//! never speaks to the server.

mod disk;
mod meter;
mod processes;

use std::path::PathBuf;

use clap::Args;

pub use disk::disk_bytes;
pub use meter::{Meter, Moment};
pub use processes::{Memory, Processes};

/// How the server is metered. Without a process id only the client's side is measured.
#[derive(Args, Debug, Clone, Default)]
#[command(next_help_heading = "Metering")]
pub struct Metered {
    /// Root processes of the server, with commas; their descendants are metered too
    #[arg(long, value_name = "PID", value_delimiter = ',')]
    pub server_pid: Vec<u32>,
    /// Directories that hold the server's data, with commas
    #[arg(long, value_name = "DIR", value_delimiter = ',')]
    pub data_dir: Vec<PathBuf>,
    /// A file that holds the number of the server's sync calls as a native 64-bit integer
    #[arg(long, value_name = "FILE")]
    pub sync_count: Option<PathBuf>,
    /// Longest wait for the server to become quiet afterwards
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub quiet_seconds_max: u64,
}
