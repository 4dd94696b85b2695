//! From a site file to what the parts of the program are given.

use anyhow::{Context as _, Result, bail};
use domain::{CameraId, SiteList, Timestamp, ZoneId};
use pipeline::{CameraSetup, CountLine, HandOver, Plan, QrPlan, StopLine, Tasks};
use service::{
    bus::Credentials,
    clock,
    config::{
        ConfigText,
        site::{
            CameraSection, CameraTask, DecodeKind, PaceKind, Problem, Severity, Site, SourceSection,
        },
    },
    documents::{DocumentTexts, HolderKeys},
    keys::{CommandVerifier, SigningKeyFile},
    pass_desk::PassDesk,
    private_folder::private_folder,
    site_list::ListStore,
};
use source::{Decode, Pace, RtspTransport, SourceOptions, SourceSpec};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use crate::{bundle::Trusted, check::problem_line, pass::PASS_KEY, scene::SceneSource};

/// Of which text the problems were told last: nobody has to read them again once a minute.
#[derive(Clone, Debug, Default)]
pub struct Told {
    sha256: String,
}

impl Told {
    /// What has not been told of a text yet: all of it, or nothing.
    fn news<'a>(&mut self, sha256: &str, problems: &'a [Problem]) -> &'a [Problem] {
        if self.sha256 == sha256 {
            return &[];
        }
        sha256.clone_into(&mut self.sha256);
        problems
    }
}

/// A site file that was read and found right.
pub struct LoadedSite {
    /// What it says.
    pub site: Site,
    /// SHA-256 of the text; stands in journals.
    pub sha256: String,
    /// Whose word counts, where the list comes from the centre.
    pub trusted: Trusted,
    folder: PathBuf,
}

impl LoadedSite {
    /// Reads and checks it; every error is told, with line and column.
    pub fn load(path: &Path) -> Result<Self> {
        Self::load_again(path, &mut Told::default())
    }

    /// The same, but what is wrong is told only when the text is another than last time.
    pub fn load_again(path: &Path, told: &mut Told) -> Result<Self> {
        let text = ConfigText::read(path)?;
        let site: Site = text.parse()?;
        let problems = site.problems(text.text());
        for problem in told.news(&text.sha256(), &problems) {
            eprintln!("{}", problem_line(path, problem));
        }
        if problems
            .iter()
            .any(|problem| problem.severity == Severity::Error)
        {
            bail!("{} was not accepted", path.display());
        }
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).to_owned();
        Ok(Self {
            site,
            sha256: text.sha256(),
            trusted: Trusted::default(),
            folder,
        })
    }

    /// Says that this file's problems were told when it was loaded.
    pub fn told(&self) -> Told {
        Told {
            sha256: self.sha256.clone(),
        }
    }

    /// A path of the file, relative to the folder that it stands in.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// A file of the site's own folder.
    pub fn state(&self, name: &str) -> PathBuf {
        self.path(&self.site.storage.dir).join(name)
    }

    /// Who may pass: the entries of the site file, then those that were imported, then the passes;
    /// with the groups and holidays of the site file.
    pub fn list(&self, as_of: Timestamp) -> Result<SiteList> {
        let mut list = self.site.list(as_of);
        let stored = self.list_store()?.read()?;
        list.registrations.extend(stored.registrations);
        Ok(list)
    }

    /// What programs write of the site's list; makes the site's own folder when there is none yet.
    pub fn list_store(&self) -> Result<ListStore> {
        let state = self.path(&self.site.storage.dir);
        private_folder(&state).with_context(|| format!("making {}", state.display()))?;
        Ok(ListStore::new(&state))
    }

    /// How this program names itself to the broker, where that asks for it.
    pub(crate) fn credentials(&self) -> Result<Option<Credentials>> {
        let section = &self.site.broker;
        match (&section.user, &section.password_file) {
            (Some(user), Some(file)) => Ok(Some(Credentials {
                user: user.get_ref().clone(),
                password_file: self.path(file),
            })),
            (None, None) => Ok(None),
            _ => bail!("[broker] needs both user and password_file, or neither"),
        }
    }

    /// Where models are.
    pub fn model_store(&self) -> PathBuf {
        match &self.site.models.store {
            Some(store) => self.path(store),
            None => provided("models"),
        }
    }

    /// The cameras, opened later by the pipeline.
    pub fn cameras(&self) -> Result<Vec<CameraSetup>> {
        self.site
            .cameras
            .iter()
            .map(|camera| self.camera(camera))
            .collect()
    }

    fn camera(&self, camera: &CameraSection) -> Result<CameraSetup> {
        let id: CameraId = camera.id.get_ref().parse()?;
        let source = camera.source.get_ref();
        let mut options = SourceOptions::new(id.clone(), Arc::new(clock::now));
        options.fps_max = Some(f64::from(*camera.fps_max.get_ref()));
        options.loop_playback = source.repeat;
        options.decode = match camera.decodes() {
            DecodeKind::All => Decode::All,
            DecodeKind::WhenMoving => Decode::WhenMoving,
        };
        options.pace = match source.pace {
            PaceKind::RealTime => Pace::RealTime,
            PaceKind::Patient => Pace::Patient,
            PaceKind::Fast => Pace::AsFastAsPossible,
        };
        Ok(CameraSetup {
            plan: self.plan(id, camera)?,
            source: self
                .source(source)
                .with_context(|| format!("camera {}", camera.id.get_ref()))?,
            options,
            hand_over: match source.pace {
                PaceKind::RealTime => HandOver::NewestWins,
                PaceKind::Patient | PaceKind::Fast => HandOver::Blocking,
            },
        })
    }

    fn plan(&self, id: CameraId, camera: &CameraSection) -> Result<Plan> {
        let has = |task| camera.tasks.get_ref().contains(&task);
        let mut lines = Vec::new();
        for line in &camera.lines {
            let zone: ZoneId = line.zone.get_ref().parse()?;
            lines.push(CountLine {
                zone,
                from: line.from,
                to: line.to,
            });
        }
        let stop_line = match (&camera.stop_line, &camera.signal) {
            (Some(line), Some(signal)) => {
                let (line, signal) = (line.get_ref(), signal.get_ref());
                Some(StopLine {
                    from: line.from,
                    to: line.to,
                    grace: Duration::from_millis(line.grace_ms),
                    lamps: [signal.red, signal.amber, signal.green],
                })
            }
            _ => None,
        };
        Ok(Plan {
            is_gate: self
                .site
                .gates
                .iter()
                .any(|gate| gate.camera.get_ref() == id.as_str()),
            camera: id,
            tasks: Tasks {
                vehicles: has(CameraTask::Vehicles),
                people: has(CameraTask::People),
                plates: has(CameraTask::Plates),
                faces: has(CameraTask::Faces),
            },
            region: camera
                .region
                .as_ref()
                .map(|region| region.get_ref().clone()),
            motion_gate: camera.motion_gate,
            lines,
            stop_line,
            qr: has(CameraTask::Qr)
                .then(|| self.qr_plan(camera))
                .transpose()?,
        })
    }

    /// What a camera that reads QR codes needs; makes the site's keys when there are none yet.
    fn qr_plan(&self, camera: &CameraSection) -> Result<QrPlan> {
        let mut gates = Vec::new();
        for gate in &self.site.gates {
            if gate.camera.get_ref() == camera.id.get_ref() {
                gates.push(gate.id.get_ref().parse()?);
            }
        }
        let region = camera.qr_region.as_ref();
        Ok(QrPlan {
            gates,
            region: region.map(|region| *region.get_ref()),
            texts: Arc::new(self.document_texts()?),
        })
    }

    /// Reads texts of QR codes with the site's keys.
    pub fn document_texts(&self) -> Result<DocumentTexts> {
        let passes = if self.is_edge() {
            self.trusted.passes.clone()
        } else {
            let key = SigningKeyFile::load_or_create(&self.state(PASS_KEY))?;
            CommandVerifier::from_public(&key.public())?
        };
        Ok(DocumentTexts {
            site: self.site.site.id.get_ref().parse()?,
            holders: HolderKeys::load_or_create(&self.state("keys/holder.key"))?,
            passes,
        })
    }

    /// Makes visitor passes with the site's key, on the site's list.
    pub fn pass_desk(&self) -> Result<PassDesk> {
        let list = self.list_store()?;
        let key = SigningKeyFile::load_or_create(&self.state(PASS_KEY))?;
        Ok(PassDesk::new(
            self.site.site.id.get_ref().parse()?,
            key,
            list,
        ))
    }

    fn source(&self, section: &SourceSection) -> Result<SourceSpec> {
        if let Some(file) = &section.file {
            return Ok(SourceSpec::File {
                path: self.path(file),
            });
        }
        if let Some(dir) = &section.pictures {
            let fps = f64::from(section.fps.unwrap_or(5.0));
            return Ok(SourceSpec::Pictures {
                dir: self.path(dir),
                fps,
            });
        }
        if let Some(url) = &section.rtsp {
            let transport = match section.transport.as_deref() {
                Some("udp") => RtspTransport::Udp,
                _ => RtspTransport::Tcp,
            };
            let url = self.with_credentials(url, section)?;
            return Ok(SourceSpec::Rtsp {
                url,
                transport,
                latency_ms: 100,
            });
        }
        if let Some(text) = &section.launch {
            return Ok(SourceSpec::Launch { text: text.clone() });
        }
        let Some(kind) = &section.scene else {
            bail!("no source")
        };
        let portrait = section
            .portrait
            .as_ref()
            .map(|portrait| self.path(portrait));
        let texts = section.text_file.as_ref().map(|texts| self.path(texts));
        let files = (portrait.as_deref(), texts.as_deref());
        let scene = SceneSource::new(kind, section.seed, files)?;
        Ok(SourceSpec::Scene(Box::new(scene)))
    }

    /// Puts `user:password` of a file of its own into the address, so that the site file can be
    /// shown around.
    fn with_credentials(&self, url: &str, section: &SourceSection) -> Result<String> {
        let Some(file) = &section.credentials_file else {
            return Ok(url.to_owned());
        };
        let file = self.path(file);
        let secret = fs::read_to_string(&file)
            .with_context(|| format!("reading the credentials file {}", file.display()))?;
        let Some(rest) = url.strip_prefix("rtsp://") else {
            bail!("an RTSP address begins with rtsp://");
        };
        Ok(format!("rtsp://{}@{rest}", secret.trim()))
    }
}

/// A folder that set-up fills: `third_party/` of the current folder, then of the program's own
/// checkout.
pub fn provided(name: &str) -> PathBuf {
    let here = Path::new("third_party").join(name);
    if here.exists() {
        return here;
    }
    let beside = std::env::current_exe().ok().and_then(|exe| {
        let checkout = exe.parent()?.parent()?.parent()?;
        Some(checkout.join("third_party").join(name))
    });
    beside.filter(|path| path.exists()).unwrap_or(here)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_told_when_the_file_has_changed_and_not_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.toml");
        let with_plate = |plate: &str| {
            let site = "[site]\nid = \"a\"\nname = \"A\"\n";
            let text = format!("{site}[[registration]]\nplate = \"{plate}\"\n");
            std::fs::write(&path, text).unwrap();
        };
        with_plate("30O-256.58"); // no Vietnamese plate: a warning
        let site = LoadedSite::load(&path).unwrap();
        let mut told = site.told();
        let text = ConfigText::read(&path).unwrap();
        let problems = site.site.problems(text.text());
        assert_eq!(problems.len(), 1);
        assert_eq!(told.news(&site.sha256, &problems), []);
        with_plate("30O-256.59");
        let site = LoadedSite::load_again(&path, &mut told).unwrap();
        assert_eq!(told.sha256, site.sha256);
        let news = Told::default().news(&site.sha256, &problems).len();
        assert_eq!((news, told.news(&site.sha256, &problems).len()), (1, 0));
    }
}
