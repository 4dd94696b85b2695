//! Making visitor passes, and calling them back: where they are signed and where they are listed.

use crate::{
    keys::SigningKeyFile,
    pass::{InvalidPass, Pass, PassPlate, sign},
    site_list::{ListError, ListStore, PassEntry, PassStanding},
};
use domain::{GroupId, PassId, Plate, SiteId, Timestamp};

/// Passes that a site keeps; those that are over make room.
pub const PASSES_MAX: usize = 20_000;

/// What a pass is to be.
#[derive(Clone, Debug)]
pub struct PassWish {
    /// The vehicle that it is for; without one it is for whoever shows it.
    pub plate: Option<Plate>,
    /// Its group.
    pub group: Option<GroupId>,
    /// For people.
    pub note: Option<String>,
    /// First moment of validity.
    pub from: Timestamp,
    /// First moment after validity.
    pub until: Timestamp,
    /// How often it may be used; nothing means as often as wanted.
    pub uses_max: Option<u8>,
}

/// Why a pass cannot be made, found or called back.
#[derive(Debug, thiserror::Error)]
pub enum PassDeskError {
    /// The wish makes no sense.
    #[error(transparent)]
    Invalid(#[from] InvalidPass),
    /// The list cannot be read or written.
    #[error(transparent)]
    List(#[from] ListError),
    /// The list holds what this program did not write there.
    #[error("the list's entry of the pass is damaged")]
    Damaged,
    /// No room.
    #[error("the site has {PASSES_MAX} passes that are not over: call some back")]
    Full,
    /// No such pass.
    #[error("there is no pass {0}")]
    Unknown(PassId),
}

/// Makes a site's passes.
#[derive(Clone, Debug)]
pub struct PassDesk {
    site: SiteId,
    key: SigningKeyFile,
    list: ListStore,
}

impl PassDesk {
    /// For a site, with the key that signs its passes and the list that they stand on.
    pub fn new(site: SiteId, key: SigningKeyFile, list: ListStore) -> Self {
        Self { site, key, list }
    }

    /// The entry of a new pass and the text of its code; nothing is listed yet.
    pub fn prepare(
        &self,
        id: PassId,
        wish: &PassWish,
    ) -> Result<(PassEntry, String), PassDeskError> {
        let pass = Pass {
            id,
            valid_from: whole_seconds(wish.from),
            valid_until: whole_seconds(wish.until),
            uses_max: wish.uses_max,
            plate: wish.plate.as_ref().map(PassPlate::of),
        };
        let text = sign(&self.key, &self.site, &pass)?;
        let entry = PassEntry {
            id: id.to_string(),
            plate: wish.plate.as_ref().map(Plate::written),
            group: wish.group.as_ref().map(ToString::to_string),
            note: wish.note.clone(),
            valid_from: wire::format_time(pass.valid_from),
            valid_until: wire::format_time(pass.valid_until),
            uses_max: pass.uses_max.map(u32::from),
            called_back_at: None,
        };
        Ok((entry, text))
    }

    /// Puts a pass on the list. Passes that are over make room when it is full.
    pub fn list(&self, entry: PassEntry, now: Timestamp) -> Result<(), PassDeskError> {
        self.list.change_passes(|passes| {
            if PASSES_MAX <= passes.len() {
                passes.retain(|pass| pass.standing(now) != Ok(PassStanding::Over));
            }
            if PASSES_MAX <= passes.len() {
                return Err(PassDeskError::Full);
            }
            passes.push(entry);
            Ok(())
        })
    }

    /// The entry of a pass.
    pub fn find(&self, id: PassId) -> Result<Option<PassEntry>, PassDeskError> {
        let id = id.to_string();
        let passes = self.list.passes()?;
        Ok(passes.into_iter().find(|pass| pass.id == id))
    }

    /// The text of a listed pass's code: the same again, for signatures here have no chance in
    /// them (RFC 8032 §5.1.6).
    pub fn text(&self, entry: &PassEntry) -> Result<String, PassDeskError> {
        let damaged = |_what| PassDeskError::Damaged;
        let time = |text: &str| wire::parse_time(text).map_err(damaged);
        let plate = entry.plate.as_ref().map(|plate| Plate::parse(plate));
        let uses_max = entry.uses_max.map(u8::try_from).transpose();
        let pass = Pass {
            id: entry.id.parse().map_err(|_id| PassDeskError::Damaged)?,
            valid_from: time(&entry.valid_from)?,
            valid_until: time(&entry.valid_until)?,
            uses_max: uses_max.map_err(|_range| PassDeskError::Damaged)?,
            plate: plate
                .transpose()
                .map_err(|_plate| PassDeskError::Damaged)?
                .as_ref()
                .map(PassPlate::of),
        };
        Ok(sign(&self.key, &self.site, &pass)?)
    }

    /// Calls a pass back: from then on it is refused. Once more changes nothing.
    pub fn call_back(&self, id: PassId, now: Timestamp) -> Result<(), PassDeskError> {
        self.list.change_passes(|passes| {
            let text = id.to_string();
            let found = passes.iter_mut().find(|pass| pass.id == text);
            let found = found.ok_or(PassDeskError::Unknown(id))?;
            found.called_back_at.get_or_insert(wire::format_time(now));
            Ok(())
        })
    }

    /// Takes what says something of a person out of these entries. One that could still be used
    /// is called back and stays, so that it is refused; one that is over goes.
    pub fn forget(&self, ids: &[PassId], now: Timestamp) -> Result<(), PassDeskError> {
        if ids.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        self.list.change_passes(|passes| {
            let is_over = |pass: &PassEntry| {
                wire::parse_time(&pass.valid_until).is_ok_and(|until| until <= now)
            };
            passes.retain(|pass| !ids.contains(&pass.id) || !is_over(pass));
            for pass in passes.iter_mut().filter(|pass| ids.contains(&pass.id)) {
                (pass.plate, pass.note) = (None, None);
                pass.called_back_at.get_or_insert(wire::format_time(now));
            }
            Ok(())
        })
    }
}

fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.as_micros().div_euclid(1_000_000) * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        keys::CommandVerifier,
        pass::{PassRead, read},
    };

    fn desk(folder: &std::path::Path) -> PassDesk {
        let key = SigningKeyFile::load_or_create(&folder.join("keys/pass.key")).unwrap();
        PassDesk::new("park-1".parse().unwrap(), key, ListStore::new(folder))
    }

    fn wish() -> PassWish {
        PassWish {
            plate: Some(Plate::parse("30F-256.58").unwrap()),
            group: None,
            note: Some("gst_1".to_owned()),
            from: Timestamp::from_millis(1_795_246_370_123),
            until: Timestamp::from_millis(1_795_332_770_000),
            uses_max: Some(1),
        }
    }

    #[test]
    fn a_pass_is_listed_found_and_written_again_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let desk = desk(folder.path());
        let now = wish().from;
        let (entry, text) = desk.prepare(PassId(7), &wish()).unwrap();
        assert_eq!(desk.find(PassId(7)).unwrap(), None);
        desk.list(entry.clone(), now).unwrap();
        assert_eq!(desk.find(PassId(7)).unwrap(), Some(entry.clone()));
        assert_eq!(desk.text(&entry).unwrap(), text);
        let keys = CommandVerifier::from_public(&desk.key.public()).unwrap();
        let found = read(&keys, &desk.site, &text);
        assert!(matches!(found, Some(PassRead::Genuine(pass)) if pass.id == PassId(7)));

        desk.call_back(PassId(7), now).unwrap();
        desk.call_back(PassId(7), wish().until).unwrap();
        let standing = desk.find(PassId(7)).unwrap().unwrap().standing(now);
        assert_eq!(standing, Ok(PassStanding::CalledBack));
        let unknown = desk.call_back(PassId(8), now).unwrap_err();
        assert!(matches!(unknown, PassDeskError::Unknown(PassId(8))));
    }

    #[test]
    fn what_is_forgotten_names_nobody_and_lets_nobody_in() {
        let folder = tempfile::tempdir().unwrap();
        let desk = desk(folder.path());
        let now = wish().from;
        for id in [7, 8, 9] {
            let (entry, _text) = desk.prepare(PassId(id), &wish()).unwrap();
            desk.list(entry, now).unwrap();
        }
        desk.forget(&[PassId(7)], now).unwrap();
        let kept = desk.find(PassId(7)).unwrap().unwrap();
        assert_eq!((kept.plate.clone(), kept.note.clone()), (None, None));
        assert_eq!(kept.standing(now), Ok(PassStanding::CalledBack));
        desk.forget(&[PassId(8)], wish().until).unwrap();
        assert_eq!(desk.find(PassId(8)).unwrap(), None);
        assert!(desk.find(PassId(9)).unwrap().unwrap().plate.is_some());
    }

    #[test]
    fn a_wish_that_makes_no_sense_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let desk = desk(folder.path());
        let until = wish().from;
        let made = desk.prepare(PassId(1), &PassWish { until, ..wish() });
        assert!(matches!(
            made,
            Err(PassDeskError::Invalid(InvalidPass::Window))
        ));
    }
}
