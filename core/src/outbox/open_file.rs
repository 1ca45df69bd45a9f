//! One spool file that is ours: appended to, emptied, written anew, removed.

use std::collections::VecDeque;
use std::io;

use bytes::Bytes;

use super::directory::{Directory, Unavailable};
use super::files::SpoolFile;
use super::name::Name;
use super::record::{Encoder, HEAD_BYTES, Origin, Record, Removal, preamble, read_record};
use super::scan::{Meaning, Place, read_entry};

/// Delivered bytes from which on a file is written anew, where they are more than what is pending.
const COMPACTED_FROM: u64 = 8 * 1024 * 1024;

/// An entry that is to be written.
pub(super) struct Unwritten {
    pub(super) seq: u64,
    pub(super) from: Box<[u8]>,
    pub(super) uuid: Box<[u8]>,
    pub(super) body: Bytes,
}

impl Unwritten {
    /// The size of its record.
    pub(super) fn bytes(&self) -> u64 {
        // Length, checksum, kind, number, and the lengths of the two that are not fixed.
        let fixed = 4 + 4 + 1 + 8 + 2 + 2;
        (fixed + self.from.len() + self.uuid.len() + self.body.len()) as u64
    }
}

/// What one write has to bring to a file.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) entries: VecDeque<Unwritten>,
    /// The last entry that was delivered, where the file does not say so yet.
    pub(super) delivered: Option<(u64, Box<[u8]>)>,
    pub(super) removed: Vec<(u64, Removal)>,
}

/// An open file, whose lock we have.
pub(super) struct OpenFile {
    name: Name,
    file: Box<dyn SpoolFile>,
    pub(super) origin: Origin,
    /// The end of its first record, and the checksum there: where it begins again once it is emptied.
    first: (u64, u32),
    /// The end of its last record, and the checksum there.
    last: (u64, u32),
    /// The entries in it that are neither delivered nor removed.
    places: VecDeque<Place>,
    /// Its end cannot be read: it is moved away once its entries are delivered, and not written.
    is_corrupt: bool,
}

impl OpenFile {
    pub(super) fn create(directory: &Directory, origin: Origin, random: u64) -> Result<Self, Unavailable> {
        let name = Name::new(&origin.session_id, origin.created, random as u32);
        let (start, crc) = preamble(random);
        let mut encoder = Encoder::after(crc);
        encoder.open(&origin);
        let beginning = [&start[..], &encoder.bytes].concat();
        let file = directory.create(name, &beginning)?;
        let first = (beginning.len() as u64, encoder.crc);
        Ok(Self { name, file, origin, first, last: first, places: VecDeque::new(), is_corrupt: false })
    }

    /// A file of another owner, which has ended. `None` where its first record is missing.
    pub(super) fn adopt(
        name: Name,
        mut file: Box<dyn SpoolFile>,
        meaning: &Meaning,
        is_corrupt: bool,
    ) -> Option<Self> {
        let origin = meaning.origin.clone()?;
        if !is_corrupt {
            // A torn tail, if any.
            file.set_len(meaning.last.0).ok();
        }
        let places = meaning.pending.iter().map(|entry| entry.place).collect();
        let Meaning { first, last, .. } = *meaning;
        Some(Self { name, file, origin, first, last, places, is_corrupt })
    }

    /// The length of the file.
    pub(super) fn bytes(&self) -> u64 {
        self.last.0
    }

    /// Whether every entry in it is delivered or removed.
    pub(super) fn is_done(&self) -> bool {
        self.places.is_empty()
    }

    pub(super) fn is_corrupt(&self) -> bool {
        self.is_corrupt
    }

    pub(super) fn is_empty(&self) -> bool {
        self.last == self.first
    }

    /// The name of its file, by which it is known to others.
    pub(super) fn name(&self) -> Name {
        self.name
    }

    /// The number of its entries that are not delivered, and their bytes.
    pub(super) fn pending(&self) -> (usize, u64) {
        (self.places.len(), self.places.iter().map(|place| u64::from(place.length)).sum())
    }

    /// The number of pending entries up to a number.
    pub(super) fn count_through(&self, through: u64) -> usize {
        self.places.partition_point(|place| place.seq <= through)
    }

    /// Whether one of these entries is in the file.
    fn has_before(&self, through: u64) -> bool {
        self.places.front().is_some_and(|place| place.seq <= through)
    }

    fn has(&self, seq: u64) -> bool {
        self.places.binary_search_by_key(&seq, |place| place.seq).is_ok()
    }

    /// Writes a batch behind the last record: all of it, or nothing. The batch is changed only where an error gives it
    /// back.
    pub(super) fn write(&mut self, batch: &Batch, url: &str) -> io::Result<()> {
        let mut encoder = Encoder::after(self.last.1);
        let mut places = Vec::with_capacity(batch.entries.len());
        let has_more = !batch.entries.is_empty();
        if let Some((through, uuid)) = &batch.delivered
            && (has_more || self.has_before(*through))
        {
            encoder.delivered(*through, uuid);
        }
        for (seq, why) in batch.removed.iter().filter(|(seq, _)| self.has(*seq)) {
            encoder.removed(*seq, *why);
        }
        let moves = has_more && self.origin.url != url;
        if moves {
            encoder.moved(url);
        }
        for Unwritten { seq, from, uuid, body } in &batch.entries {
            let (at, before) = (encoder.bytes.len(), encoder.crc);
            encoder.entry(*seq, from, uuid, body);
            let length = encoder.bytes.len() - at - HEAD_BYTES;
            let length = u32::try_from(length).unwrap_or(u32::MAX);
            places.push(Place { seq: *seq, offset: self.last.0 + at as u64, length, before });
        }
        if !encoder.bytes.is_empty() && !self.is_corrupt {
            if let Err(error) = self.file.write_at(&encoder.bytes, self.last.0) {
                self.file.set_len(self.last.0).ok();
                return Err(error);
            }
            self.last = (self.last.0 + encoder.bytes.len() as u64, encoder.crc);
        }
        if moves {
            url.clone_into(&mut self.origin.url);
        }
        if let Some((through, _)) = &batch.delivered {
            self.drop_through(*through);
        }
        self.places.retain(|place| !batch.removed.iter().any(|(seq, _)| *seq == place.seq));
        self.places.extend(places);
        Ok(())
    }

    /// Forgets the entries that are delivered, without writing so.
    pub(super) fn drop_through(&mut self, through: u64) {
        while self.has_before(through) {
            self.places.pop_front();
        }
    }

    /// Cuts the file behind its first record. It needs no room on the disk.
    pub(super) fn empty(&mut self) -> io::Result<()> {
        self.file.set_len(self.first.0)?;
        self.last = self.first;
        Ok(())
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }

    /// Reads the JSON of an entry.
    pub(super) fn read(&self, seq: u64) -> io::Result<Vec<u8>> {
        let at = self.places.binary_search_by_key(&seq, |place| place.seq);
        let place =
            at.map_err(|_| io::Error::new(io::ErrorKind::NotFound, "the entry is not in the file"))?;
        read_entry(&*self.file, self.places[place])
    }

    /// The same, and the entries behind it, together up to so many bytes; those that cannot be read are left for their
    /// turn.
    pub(super) fn read_ahead(&self, seq: u64, bytes: usize) -> io::Result<(Bytes, VecDeque<(u64, Bytes)>)> {
        let body = Bytes::from(self.read(seq)?);
        let mut left = bytes.saturating_sub(body.len());
        let mut ahead = VecDeque::from([(seq, body.clone())]);
        for place in self.places.iter().skip(self.count_through(seq)) {
            let Some(rest) = left.checked_sub(place.length as usize) else { break };
            let Ok(read) = read_entry(&*self.file, *place) else { break };
            ahead.push_back((place.seq, read.into()));
            left = rest;
        }
        Ok((body, ahead))
    }

    /// Whether most of it is delivered, and that is much.
    pub(super) fn wants_compaction(&self) -> bool {
        let (_, pending) = self.pending();
        let delivered = self.last.0.saturating_sub(self.first.0 + pending);
        !self.is_corrupt && delivered > COMPACTED_FROM && delivered > pending
    }

    /// The same entries in a new file that is on the disk, `self` being removed. Where that fails, the new one is
    /// removed, and this one stays.
    pub(super) fn rewrite(
        &mut self,
        directory: &Directory,
        delivered: Option<(u64, Box<[u8]>)>,
        random: u64,
    ) -> io::Result<()> {
        let unavailable = |Unavailable(code): Unavailable| io::Error::other(code);
        let origin = Origin { created: self.name.created + 1, ..self.origin.clone() };
        let mut new = Self::create(directory, origin, random).map_err(unavailable)?;
        let copied = self.copy_to(&mut new, delivered).and_then(|()| new.sync());
        directory.sync();
        match copied {
            Ok(()) => {
                let old = std::mem::replace(self, new);
                directory.remove(old.name, old.file);
                Ok(())
            }
            Err(error) => {
                directory.remove(new.name, new.file);
                Err(error)
            }
        }
    }

    fn copy_to(&self, new: &mut Self, delivered: Option<(u64, Box<[u8]>)>) -> io::Result<()> {
        let mut batch = Batch { delivered, ..Batch::default() };
        let mut left = self.places.len();
        for place in &self.places {
            batch.entries.push_back(self.unwritten(*place)?);
            left -= 1;
            let bytes: usize = batch.entries.iter().map(|entry| entry.body.len()).sum();
            if bytes >= 1 << 20 || left == 0 {
                new.write(&batch, &self.origin.url)?;
                batch = Batch::default();
            }
        }
        Ok(())
    }

    fn unwritten(&self, place: Place) -> io::Result<Unwritten> {
        let mut record = vec![0; place.length as usize];
        self.file.read_at(&mut record, place.offset + HEAD_BYTES as u64)?;
        match read_record(&record) {
            Record::Entry { seq, from, uuid, body } => Ok(Unwritten {
                seq,
                from: from.into(),
                uuid: uuid.into(),
                body: Bytes::copy_from_slice(body),
            }),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Ends with the file: what is delivered is removed, what cannot be read is moved away, what is pending is left for
    /// the next owner.
    pub(super) fn end(self, directory: &Directory) {
        if !self.is_done() {
            return;
        }
        if self.is_corrupt {
            directory.quarantine(self.name);
        } else {
            directory.remove(self.name, self.file);
        }
    }
}
