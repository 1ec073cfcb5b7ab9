//! A part of one processor, as Lambda gives it with a function's memory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// The memory with which a function has one whole processor (AWS Lambda, "Configure Lambda function memory").
pub(crate) const OF_A_WHOLE_PROCESSOR: u32 = 1769;

/// In which slices the processor is given: Lambda's own, as it was seen from inside.
const PERIOD_MICROSECONDS: f64 = 20_000.0;

/// A control group of the system: the processes in it have so much of one processor in each slice, and wait for the next.
/// It is made by root alone, and gone when this is dropped.
pub(crate) struct Share(PathBuf);

/// How much of one processor this memory comes with; never more than the whole, for a function has one thread.
pub(crate) fn of_memory(megabytes: u32) -> f64 {
    (f64::from(megabytes) / f64::from(OF_A_WHOLE_PROCESSOR)).min(1.0)
}

impl Share {
    /// The control group for this share.
    ///
    /// # Errors
    /// When the system has no such groups, or lets only others make them.
    pub(crate) fn make(share: f64) -> io::Result<Self> {
        let mounts = fs::read_to_string("/proc/self/mounts")?;
        let (root, of_version_1) = controller(&mounts).ok_or(io::ErrorKind::Unsupported)?;
        let group = Self(root.join(format!("countersign-lean-start-{}", std::process::id())));
        fs::create_dir(&group.0)?;
        let microseconds = PERIOD_MICROSECONDS * share;
        if of_version_1 {
            group.write("cpu.cfs_period_us", &format!("{PERIOD_MICROSECONDS:.0}"))?;
            group.write("cpu.cfs_quota_us", &format!("{microseconds:.0}"))?;
        } else {
            group.write("cpu.max", &format!("{microseconds:.0} {PERIOD_MICROSECONDS:.0}"))?;
        }
        Ok(group)
    }

    /// Puts a process into it.
    ///
    /// # Errors
    /// When the system does not let us.
    pub(crate) fn take(&self, process_id: u32) -> io::Result<()> {
        self.write("cgroup.procs", &process_id.to_string())
    }

    fn write(&self, file: &str, value: &str) -> io::Result<()> {
        fs::write(self.0.join(file), value)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        // A process that was just killed is in it for a moment yet.
        for _ in 0..50 {
            if fs::remove_dir(&self.0).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Where processors are shared out, and whether by version 1 of control groups (cgroups(7)).
fn controller(mounts: &str) -> Option<(PathBuf, bool)> {
    let mounted = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?, fields.next()?, fields.next()?))
    });
    let mut second = None;
    for (folder, kind, options) in mounted {
        if kind == "cgroup" && options.split(',').any(|option| option == "cpu") {
            return Some((PathBuf::from(folder), true));
        }
        if kind == "cgroup2" && shares_processors(Path::new(folder)) {
            second = Some((PathBuf::from(folder), false));
        }
    }
    second
}

fn shares_processors(root: &Path) -> bool {
    let given = fs::read_to_string(root.join("cgroup.subtree_control")).unwrap_or_default();
    given.split_whitespace().any(|controller| controller == "cpu")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_comes_with_its_part_of_a_processor_and_never_with_more_than_one() {
        assert!((of_memory(1769) - 1.0).abs() < 1e-9 && (of_memory(10_240) - 1.0).abs() < 1e-9);
        assert!((of_memory(128) - 0.0724).abs() < 1e-4);
    }

    #[test]
    fn processors_are_shared_out_where_the_system_says() {
        let first = "cgroup /sys/fs/cgroup/cpuset cgroup rw,cpuset 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw,relatime,cpu 0 0\n";
        assert_eq!(controller(first), Some((PathBuf::from("/sys/fs/cgroup/cpu"), true)));
        let together = "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\n";
        assert_eq!(controller(together), Some((PathBuf::from("/sys/fs/cgroup/cpu,cpuacct"), true)));
        // There, it is said in a file.
        let root = std::env::temp_dir().join(format!("countersign-share-{}", std::process::id()));
        fs::create_dir_all(&root).expect("a folder");
        let mounts = format!("cgroup2 {} cgroup2 rw,nsdelegate 0 0\n", root.display());
        assert_eq!(controller(&mounts), None);
        fs::write(root.join("cgroup.subtree_control"), "memory cpu\n").expect("written");
        assert_eq!(controller(&mounts), Some((root.clone(), false)));
        fs::remove_dir_all(&root).expect("removed");
        assert_eq!(controller("tmpfs /tmp tmpfs rw 0 0\n"), None);
    }
}
