//! A disk in memory that fails, tears and loses power at a chosen step.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use drumbeat::io::ledger::disk::{Disk, DiskFile};

/// What goes wrong at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The process dies before the step.
    Die,
    /// The process dies with half of the bytes written.
    DieMidway,
    /// Half of the bytes are written, then the disk is full.
    Short,
    /// The disk is full.
    NoSpace,
    /// The device fails; after a failed sync the bytes are taken for clean and never reach the disk.
    Eio,
}

pub const FAULTS: [Fault; 5] = [Fault::Die, Fault::DieMidway, Fault::Short, Fault::NoSpace, Fault::Eio];

/// What is left afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aftermath {
    /// The machine runs on: everything written can be read.
    PowerStays,
    /// All that was not synced is gone, names and bytes.
    AllUnsyncedGone,
    /// Names are there, unsynced bytes are not.
    BytesGone,
    /// Names are there and half of the unsynced bytes.
    HalfTheBytes,
    /// Names and lengths are there, unsynced bytes are zeros.
    Zeros,
    /// Unsynced names are gone, half of the unsynced bytes are there.
    NamesGoneHalfTheBytes,
}

pub const AFTERMATHS: [Aftermath; 6] = [
    Aftermath::PowerStays,
    Aftermath::AllUnsyncedGone,
    Aftermath::BytesGone,
    Aftermath::HalfTheBytes,
    Aftermath::Zeros,
    Aftermath::NamesGoneHalfTheBytes,
];

#[derive(Debug, Clone, Default)]
struct Content {
    current: Vec<u8>,
    durable: Vec<u8>,
    /// Bytes that a failed sync left in the cache alone.
    never: Vec<Range<usize>>,
}

impl Content {
    fn sync(&mut self) {
        self.durable = self.current.clone();
        for range in &self.never {
            self.durable[range.clone()].fill(0);
        }
    }

    fn after(&self, aftermath: Aftermath) -> Vec<u8> {
        let grown = self.current.len().saturating_sub(self.durable.len());
        let kept = self.current.len() - grown;
        match aftermath {
            Aftermath::PowerStays => self.current.clone(),
            _ if grown == 0 => self.durable.clone(),
            Aftermath::AllUnsyncedGone | Aftermath::BytesGone => self.durable.clone(),
            Aftermath::HalfTheBytes | Aftermath::NamesGoneHalfTheBytes => {
                [&self.durable[..], &self.current[kept..kept + grown / 2]].concat()
            }
            Aftermath::Zeros => [self.durable.clone(), vec![0; grown]].concat(),
        }
    }
}

#[derive(Debug, Clone, Default)]
struct State {
    contents: Vec<Content>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    dirs: BTreeSet<PathBuf>,
    durable_dirs: BTreeSet<PathBuf>,
    steps: usize,
    plan: Option<(usize, Fault)>,
    /// The planned fault came to pass.
    struck: bool,
    dead: bool,
}

/// The disk; clones are handles to the same one.
#[derive(Debug, Clone, Default)]
pub struct FaultyDisk(Rc<RefCell<State>>);

impl FaultyDisk {
    /// A copy of its own, as it stands.
    pub fn copy(&self) -> Self {
        Self(Rc::new(RefCell::new(self.0.borrow().clone())))
    }

    /// Plans a fault at a step, counted from 0 from now on; `None` plans none.
    pub fn plan(&self, fault: Option<(usize, Fault)>) {
        let mut state = self.0.borrow_mut();
        (state.steps, state.plan, state.struck) = (0, fault, false);
    }

    /// Steps that changed something or could have, since the plan was made.
    pub fn steps(&self) -> usize {
        self.0.borrow().steps
    }

    /// Whether the planned fault came to pass: `Short` and `DieMidway` do so in writes alone.
    pub fn struck(&self) -> bool {
        self.0.borrow().struck
    }

    /// The process is gone; what a new one finds.
    pub fn restart(&self, aftermath: Aftermath) {
        let mut state = self.0.borrow_mut();
        let state = &mut *state;
        if matches!(aftermath, Aftermath::AllUnsyncedGone | Aftermath::NamesGoneHalfTheBytes) {
            state.dirs.clone_from(&state.durable_dirs);
            state.names.clone_from(&state.durable_names);
        }
        if aftermath != Aftermath::PowerStays {
            for content in &mut state.contents {
                let bytes = content.after(aftermath);
                *content = Content { durable: bytes.clone(), current: bytes, never: Vec::new() };
            }
            state.durable_dirs.clone_from(&state.dirs);
            state.durable_names.clone_from(&state.names);
        }
        let dirs = &state.dirs;
        state.names.retain(|path, _| path.parent().is_some_and(|dir| dirs.contains(dir)));
        state.dead = false;
        state.plan = None;
    }

    /// Changes a file behind everybody's back.
    pub fn tamper(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.0.borrow_mut();
        let node = state.names[path];
        change(&mut state.contents[node].current);
        state.contents[node].sync();
    }

    /// Takes a file away behind everybody's back.
    pub fn lose(&self, path: &Path) {
        self.0.borrow_mut().names.remove(path).expect("a file that is there");
    }

    /// The bytes of a file.
    pub fn bytes(&self, path: &Path) -> Vec<u8> {
        let state = self.0.borrow();
        state.contents[state.names[path]].current.clone()
    }

    /// Counts a step that writes nothing; whether and how it fails.
    fn step(&self) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        match state.next_fault(false) {
            None => Ok(()),
            Some(fault) => Err(state.strike(fault)),
        }
    }
}

impl State {
    fn next_fault(&mut self, writes: bool) -> Option<Fault> {
        if self.dead {
            return Some(Fault::Die);
        }
        let step = self.steps;
        self.steps += 1;
        let (_, fault) = self.plan.filter(|(at, _)| *at == step)?;
        let fits = writes || !matches!(fault, Fault::DieMidway | Fault::Short);
        fits.then_some(fault)
    }

    fn strike(&mut self, fault: Fault) -> io::Error {
        self.struck = true;
        match fault {
            Fault::Die | Fault::DieMidway => {
                self.dead = true;
                io::Error::other("the process is dead")
            }
            Fault::Short | Fault::NoSpace => io::Error::from(io::ErrorKind::StorageFull),
            Fault::Eio => io::Error::other("input/output error"),
        }
    }

    fn node(&self, path: &Path) -> io::Result<usize> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Disk for FaultyDisk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.step()?;
        self.0.borrow_mut().dirs.insert(dir.to_owned());
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = self.0.borrow();
        let names = state.names.keys().filter(|path| path.parent() == Some(dir));
        Ok(names
            .filter_map(|path| path.file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .collect())
    }

    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let state = self.0.borrow();
        let bytes = &state.contents[state.node(path)?].current;
        Ok(bytes[..bytes.len().min(usize::try_from(limit).unwrap_or(usize::MAX))].to_vec())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.step()?;
        let mut state = self.0.borrow_mut();
        let node = state.contents.len();
        if state.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        state.contents.push(Content::default());
        state.names.insert(path.to_owned(), node);
        Ok(Box::new(FaultyFile { disk: self.clone(), node }))
    }

    fn append_to(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let node = self.0.borrow().node(path)?;
        Ok(Box::new(FaultyFile { disk: self.clone(), node }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        let mut state = self.0.borrow_mut();
        let node = state.node(from)?;
        state.names.remove(from);
        state.names.insert(to.to_owned(), node);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        self.0.borrow_mut().names.remove(path).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.step()?;
        let mut state = self.0.borrow_mut();
        let inside = |path: &Path| path.parent() == Some(dir);
        let (names, dirs) = (state.names.clone(), state.dirs.clone());
        state.durable_names.retain(|path, _| !inside(path));
        state.durable_names.extend(names.into_iter().filter(|(path, _)| inside(path)));
        state.durable_dirs.extend(dirs.into_iter().filter(|path| inside(path)));
        Ok(())
    }
}

struct FaultyFile {
    disk: FaultyDisk,
    node: usize,
}

impl DiskFile for FaultyFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.0.borrow_mut();
        let fault = if state.dead { Some(Fault::Die) } else { state.next_fault(true) };
        let written = match fault {
            None => bytes.len(),
            Some(Fault::DieMidway | Fault::Short) => bytes.len() / 2,
            Some(_) => 0,
        };
        state.contents[self.node].current.extend_from_slice(&bytes[..written]);
        fault.map_or(Ok(()), |fault| Err(state.strike(fault)))
    }

    fn sync(&mut self) -> io::Result<()> {
        let outcome = self.disk.step();
        let mut state = self.disk.0.borrow_mut();
        let dead = state.dead;
        let content = &mut state.contents[self.node];
        match outcome {
            Ok(()) => content.sync(),
            Err(_) if dead => {}
            Err(_) => {
                let length = content.current.len();
                content.never.push(content.durable.len().min(length)..length);
            }
        }
        outcome
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.disk.step()?;
        let mut state = self.disk.0.borrow_mut();
        let content = &mut state.contents[self.node];
        let length = usize::try_from(length).expect("a small file");
        content.current.truncate(length);
        for range in &mut content.never {
            range.end = range.end.min(length);
            range.start = range.start.min(range.end);
        }
        Ok(())
    }
}
