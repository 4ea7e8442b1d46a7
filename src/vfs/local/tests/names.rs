//! How often a folder is read to know that a name is new.

use super::*;

/// So many names make a folder be observed.
const MANY: usize = 2_000;

struct Crowd {
    bench: Bench<Local>,
    scratch: Scratch,
}

impl Crowd {
    fn new(name: &str, count: usize) -> Self {
        let (bench, scratch) = on("/dev/shm", name, false);
        for number in 0..count {
            std::fs::write(scratch.path().join(format!("Name {number}")), b"").unwrap();
        }
        Crowd { bench, scratch }
    }

    fn find(&mut self, path: &str) -> bool {
        let path = SharePath {
            path: path.as_bytes(),
            stream: b"",
        };
        match self.bench.vfs.lookup(self.bench.at, path, true) {
            Ok(_) => true,
            Err(Error::NotFound) => false,
            Err(other) => panic!("{other:?}"),
        }
    }

    fn make_and_remove(&mut self, name: &str) {
        let (mut file, _) = self.bench.make(name).unwrap();
        self.bench.vfs.remove(&mut file).unwrap();
    }

    fn reads(&self) -> u64 {
        self.bench.vfs.misses.reads
    }
}

#[test]
fn a_folder_is_read_once_for_many_new_names() {
    for count in [10, MANY] {
        let mut crowd = Crowd::new("once", count);
        assert!(!crowd.find("new"));
        let before = crowd.reads();
        for round in 0..200 {
            assert!(!crowd.find(&format!("missing {round}")));
            crowd.make_and_remove(&format!("new {round}"));
            crowd.make_and_remove("always the same");
            crowd.make_and_remove("ALWAYS the same");
        }
        // One answer of the filter in a hundred thousand is wrong, and of so many names that may be one.
        assert!(crowd.reads() <= before + 1, "{count}");
    }
}

#[test]
fn what_others_make_in_a_large_folder_is_heard_of() {
    let mut crowd = Crowd::new("others", MANY);
    let path = crowd.scratch.path().to_owned();
    assert!(!crowd.find("STRANGER"));
    let before = crowd.reads();
    std::thread::sleep(std::time::Duration::from_millis(2_100));
    assert!(!crowd.find("stranger"));
    // Found in either case without reading, if it is in one case: else by reading.
    for (made, asked, read) in [("stranger", "STRANGER", 0), ("Other", "oTHER", 1)] {
        std::fs::write(path.join(made), b"").unwrap();
        assert!(crowd.find(asked), "{asked}");
        assert_eq!(crowd.reads(), before + read);
    }
    // Made and removed by us, and then made by somebody else in another case.
    crowd.make_and_remove("Twice");
    assert!(!crowd.find("tWICE"));
    std::fs::rename(path.join("Other"), path.join("Twice")).unwrap();
    assert!(crowd.find("tWICE"));
    let (file, _) = crowd.bench.make("Mine").unwrap();
    std::fs::rename(path.join("Mine"), path.join("mINE")).unwrap();
    assert!(crowd.find("Mine"));
    drop(file);
}

#[test]
fn more_events_than_the_kernel_keeps_make_a_folder_be_read_again() {
    let mut crowd = Crowd::new("flood", MANY);
    let path = crowd.scratch.path().to_owned();
    assert!(!crowd.find("last One"));
    let most = std::fs::read_to_string("/proc/sys/fs/inotify/max_queued_events");
    let most: usize = most.map_or(16_384, |text| text.trim().parse().unwrap());
    for round in 0..=most {
        std::fs::write(path.join(format!("flood {}", round % 2)), b"").unwrap();
        std::fs::remove_file(path.join(format!("flood {}", round % 2))).unwrap();
    }
    std::fs::write(path.join("Last One"), b"").unwrap();
    assert!(crowd.find("last oNE"));
}

#[test]
fn another_folder_in_the_place_of_an_observed_one_is_read_itself() {
    let (mut bench, scratch) = on("/dev/shm", "replaced", false);
    for round in 0..3 {
        let folder = scratch.path().join("folder");
        std::fs::create_dir(&folder).unwrap();
        for number in 0..MANY {
            std::fs::write(folder.join(format!("Round {round} {number}")), b"").unwrap();
        }
        let mut find = |name: String| {
            let path = SharePath {
                path: name.as_bytes(),
                stream: b"",
            };
            bench.vfs.lookup(bench.at, path, true).is_ok()
        };
        assert!(find(format!("folder/rOUND {round} 7")));
        assert!(!find(format!("folder/rOUND {} 7", round + 1)));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

#[test]
fn a_name_in_another_case_is_looked_for_once() {
    let mut crowd = Crowd::new("spelled", 100);
    let path = crowd.scratch.path().to_owned();
    assert!(crowd.find("nAME 7"));
    let before = crowd.reads();
    for spelled in ["nAME 7", "NAME 7", "naMe 7"] {
        assert!(crowd.find(spelled), "{spelled}");
    }
    assert_eq!(crowd.reads(), before);
    // What stands there now counts, not what stood there.
    std::fs::rename(path.join("Name 7"), path.join("NamE 7")).unwrap();
    assert!(crowd.find("nAME 7"));
    std::fs::remove_file(path.join("NamE 7")).unwrap();
    assert!(!crowd.find("nAME 7"));
    // Only so many are kept, and each is found whatever else is.
    for number in (0..100).filter(|number| *number != 7) {
        assert!(crowd.find(&format!("nAME {number}")));
    }
    let before = crowd.reads();
    assert!(crowd.find("naME 99"));
    assert_eq!(crowd.reads(), before);
}
