//! The bytes of a segment: its header, its frames, and what can be wrong with them. All numbers are
//! little-endian. The layout is written down in docs/formats.md.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::model::ledger::{FrameKind, LedgerId, Seq};
use crate::ports::Frame;

/// The format that this program writes and the only one it reads.
pub(super) const VERSION: u32 = 1;
/// Bytes of a segment header.
pub(super) const HEADER_LEN: usize = 84;
/// Bytes of a frame before its payload.
const HEAD_LEN: usize = 53;
/// Bytes of a head that the hash covers: kind, length, number, checksum.
const CHAINED: usize = 17;
const MAGIC: &[u8; 16] = b"drumbeat ledger\n";

/// The hash that chains a frame to all frames before it.
pub(super) type Hash = [u8; 32];

/// What a segment says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Counts from 1; the file's name is made of it.
    pub number: u32,
    /// Whose segment it is.
    pub ledger: LedgerId,
    /// The newest record before the segment.
    pub seq: Seq,
    /// The hash of the frame before the segment; zeros in the first.
    pub previous: Hash,
}

/// Why a segment's header cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeaderFault {
    /// Not ours, or its first bytes are gone.
    Foreign,
    /// Written by a later Drumbeat.
    Newer(u32),
    /// Its checksum is wrong.
    Damaged,
}

impl Header {
    /// As stored.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_LEN);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.number.to_le_bytes());
        bytes.extend_from_slice(&self.ledger.0);
        bytes.extend_from_slice(&self.seq.to_le_bytes());
        bytes.extend_from_slice(&self.previous);
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// Reads the header at the beginning of a segment. The version is looked at before the checksum, since a
    /// later format may lay out the rest differently.
    pub fn decode(segment: &[u8]) -> Result<Self, HeaderFault> {
        let mut fields = Fields(segment);
        if fields.take::<16>().ok_or(HeaderFault::Foreign)? != *MAGIC {
            return Err(HeaderFault::Foreign);
        }
        let version = fields.u32().ok_or(HeaderFault::Damaged)?;
        if version != VERSION {
            return Err(HeaderFault::Newer(version));
        }
        let header = Self::fields(&mut fields).ok_or(HeaderFault::Damaged)?;
        let sound = fields.u32() == Some(crc32fast::hash(&segment[..HEADER_LEN - 4]));
        if sound { Ok(header) } else { Err(HeaderFault::Damaged) }
    }

    fn fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            number: fields.u32()?,
            ledger: LedgerId(fields.take()?),
            seq: fields.u64()?,
            previous: fields.take()?,
        })
    }
}

/// What stands before a payload.
struct Head {
    kind: u8,
    length: usize,
    seq: Seq,
    crc: u32,
    hash: Hash,
}

impl Head {
    /// The head at the beginning of `bytes`, if it is whole and its own checksum is right.
    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let head = Self {
            kind: fields.take::<1>()?[0],
            length: fields.u32()? as usize,
            seq: fields.u64()?,
            crc: fields.u32()?,
            hash: fields.take()?,
        };
        (fields.u32()? == crc32fast::hash(&bytes[..HEAD_LEN - 4])).then_some(head)
    }

    /// The payload, if all of it is there and its checksum is right.
    fn payload<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let payload = bytes.get(HEAD_LEN..HEAD_LEN + self.length)?;
        (crc32fast::hash(payload) == self.crc).then_some(payload)
    }
}

/// A frame as stored, and its hash. `payload` is shorter than 4 GiB: the ledger refuses longer ones.
pub(super) fn encode(kind: FrameKind, seq: Seq, payload: &[u8], previous: &Hash) -> (Vec<u8>, Hash) {
    let mut bytes = Vec::with_capacity(HEAD_LEN + payload.len());
    bytes.push(code(kind));
    bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&seq.to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(payload).to_le_bytes());
    let hash = chain(previous, &bytes, payload);
    bytes.extend_from_slice(&hash);
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    bytes.extend_from_slice(payload);
    (bytes, hash)
}

fn code(kind: FrameKind) -> u8 {
    match kind {
        FrameKind::Checkpoint => 1,
        FrameKind::Record => 2,
    }
}

fn chain(previous: &Hash, head: &[u8], payload: &[u8]) -> Hash {
    Sha256::new().chain_update(previous).chain_update(head).chain_update(payload).finalize().into()
}

/// What is wrong with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The file ends within it.
    Unfinished,
    /// A checksum is wrong, and nothing sound follows: the last write of a crash, or damage to the last frame.
    Torn,
    /// A checksum is wrong, and sound frames follow.
    Damaged,
    /// Sound in itself, but its number, kind or hash does not follow from the frame before: something was
    /// changed, removed or put in.
    Unchained,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unfinished => "is cut off",
            Self::Torn => "has a wrong checksum",
            Self::Damaged => "has a wrong checksum, and sound records follow it",
            Self::Unchained => {
                "is sound but does not follow from the one before: records were changed, removed or put in"
            }
        })
    }
}

/// Goes through the frames of a segment, checking each against the one before.
pub(super) struct Walk<'a> {
    bytes: &'a [u8],
    /// Where the next frame begins; after the last, the length of all that is sound.
    pub at: usize,
    /// The newest record so far.
    pub seq: Seq,
    /// The hash of the newest frame so far.
    pub hash: Hash,
    number: u32,
}

impl<'a> Walk<'a> {
    /// Over the whole bytes of a segment whose header was read from them.
    pub fn new(header: &Header, bytes: &'a [u8]) -> Self {
        Self { bytes, at: HEADER_LEN, seq: header.seq, hash: header.previous, number: header.number }
    }

    /// The next frame; `None` at the end. After a fault there is nothing more to ask.
    pub fn next(&mut self) -> Option<Result<Frame<'a>, Fault>> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        Some(self.frame(rest))
    }

    fn frame(&mut self, rest: &'a [u8]) -> Result<Frame<'a>, Fault> {
        if rest.len() < HEAD_LEN {
            return Err(Fault::Unfinished);
        }
        let Some(head) = Head::decode(rest) else {
            return Err(if sound_frame_follows(rest) { Fault::Damaged } else { Fault::Torn });
        };
        let end = HEAD_LEN + head.length;
        let Some(payload) = head.payload(rest) else {
            return Err(match rest.len() {
                length if length < end => Fault::Unfinished,
                length if length == end => Fault::Torn,
                _ => Fault::Damaged,
            });
        };
        let kind = self.expected_kind();
        let seq = match kind {
            FrameKind::Checkpoint => self.seq,
            FrameKind::Record => self.seq + 1,
        };
        let hash = chain(&self.hash, &rest[..CHAINED], payload);
        if (head.kind, head.seq, head.hash) != (code(kind), seq, hash) {
            return Err(Fault::Unchained);
        }
        self.at += end;
        self.seq = seq;
        self.hash = hash;
        Ok(Frame { seq, kind, payload })
    }

    /// Every segment but the first begins with a checkpoint; all else is records.
    fn expected_kind(&self) -> FrameKind {
        if self.number > 1 && self.at == HEADER_LEN { FrameKind::Checkpoint } else { FrameKind::Record }
    }
}

/// With a damaged head the frame's length is unknown, so that only looking tells whether it was the last.
fn sound_frame_follows(rest: &[u8]) -> bool {
    (1..rest.len().saturating_sub(HEAD_LEN - 1)).any(|at| {
        let rest = &rest[at..];
        Head::decode(rest).is_some_and(|head| head.payload(rest).is_some())
    })
}

/// Takes fixed fields off the front of some bytes.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }
}
