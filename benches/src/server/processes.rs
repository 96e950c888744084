//! A tree of processes, as `/proc` shows it.

use std::fs;
use std::path::PathBuf;

/// `/proc/PID/stat` counts CPU time in hundredths of a second on every Linux (USER_HZ).
const TICK_MS: f64 = 10.0;

/// The root processes of the server.
#[derive(Debug, Clone)]
pub struct Processes {
    roots: Vec<u32>,
}

/// What all processes have in memory, and their open files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// Resident, shared pages counted in each process, KiB.
    pub rss_kb: u64,
    /// Resident, a shared page divided among those that share it, KiB; 0 when it was not asked for.
    pub pss_kb: u64,
    /// Open file descriptors.
    pub fds: u64,
    /// Processes.
    pub processes: u64,
}

impl Memory {
    /// The larger of each.
    pub fn max(self, other: Memory) -> Memory {
        Memory {
            rss_kb: self.rss_kb.max(other.rss_kb),
            pss_kb: self.pss_kb.max(other.pss_kb),
            fds: self.fds.max(other.fds),
            processes: self.processes.max(other.processes),
        }
    }
}

impl Processes {
    /// These processes and all that descend from them.
    pub fn new(roots: Vec<u32>) -> Processes {
        Processes { roots }
    }

    /// Do all roots live? A process whose first thread has ended lives until its last one has.
    pub fn are_alive(&self) -> bool {
        let is_alive = |pid: u32| stat(pid).is_some_and(|stat| stat.state != 'Z') || entries(pid, "task").len() > 1;
        self.roots.iter().all(|pid| is_alive(*pid))
    }

    /// CPU time of all of them since they started, children that have ended included, milliseconds.
    pub fn cpu_ms(&self) -> f64 {
        self.all().into_iter().map(cpu_ms).sum()
    }

    /// Memory and files now. The proportional size is dear to read.
    pub fn memory(&self, with_pss: bool) -> Memory {
        self.all().into_iter().fold(Memory::default(), |sum, pid| Memory {
            rss_kb: sum.rss_kb + field_kb(pid, "status", "VmRSS:"),
            pss_kb: sum.pss_kb + if with_pss { field_kb(pid, "smaps_rollup", "Pss:") } else { 0 },
            fds: sum.fds + entries(pid, "fd").len() as u64,
            processes: sum.processes + 1,
        })
    }

    fn all(&self) -> Vec<u32> {
        let mut all = self.roots.clone();
        let mut next = 0;
        while let Some(pid) = all.get(next).copied() {
            next += 1;
            for thread in entries(pid, "task") {
                let children = fs::read_to_string(thread.join("children")).unwrap_or_default();
                let new = children.split_ascii_whitespace().filter_map(|child| child.parse().ok());
                all.extend(new.filter(|child| !all.contains(child)).collect::<Vec<u32>>());
            }
        }
        all
    }
}

struct Stat {
    state: char,
    own_ms: f64,
    ended_children_ms: f64,
}

fn cpu_ms(pid: u32) -> f64 {
    let Some(stat) = stat(pid) else { return 0.0 };
    // The scheduler counts living threads to the nanosecond, the ticks know of ended threads too.
    let threads_ns: f64 = entries(pid, "task").iter().map(|thread| running_ns(thread)).sum();
    stat.own_ms.max(threads_ns / 1e6) + stat.ended_children_ms
}

fn running_ns(thread: &std::path::Path) -> f64 {
    let text = fs::read_to_string(thread.join("schedstat")).unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0.0)
}

fn stat(pid: u32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Reads the fields behind the name, which may itself hold spaces and parentheses.
fn parse_stat(text: &str) -> Option<Stat> {
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let ms = |at: usize| Some(fields.get(at)?.parse::<f64>().ok()? * TICK_MS);
    Some(Stat {
        state: fields.first()?.chars().next()?,
        own_ms: ms(11)? + ms(12)?,
        ended_children_ms: ms(13)? + ms(14)?,
    })
}

fn field_kb(pid: u32, file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    value.and_then(|value| value.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(0)
}

fn entries(pid: u32, folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(format!("/proc/{pid}/{folder}")).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let stat = parse_stat("42 (a) b (c)) S 1 42 42 0 -1 4194560 9 0 0 0 7 3 20 5 20 0 1 0 99 1 1").unwrap();
        assert_eq!((stat.state, stat.own_ms, stat.ended_children_ms), ('S', 100.0, 250.0));
        assert!(parse_stat("42 (a) S 1").is_none());
        assert!(parse_stat("").is_none());
    }

    #[test]
    fn a_child_is_metered_with_its_parent() {
        let own = Processes::new(vec![std::process::id()]);
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let memory = own.memory(true);
        assert!(memory.processes >= 2 && memory.rss_kb > 0 && memory.pss_kb > 0 && memory.fds > 0, "{memory:?}");
        assert!(Processes::new(vec![child.id()]).are_alive());
        child.kill().unwrap();
        while Processes::new(vec![child.id()]).are_alive() {}
        child.wait().unwrap();
    }
}
