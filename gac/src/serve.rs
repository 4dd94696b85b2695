//! The store, the JSON API and the console of a site.

use crate::{
    gate::ORDER_KEY,
    pass::PASS_KEY,
    run::Running,
    site::{LoadedSite, provided},
};
use anyhow::{Context as _, Result};
use domain::{CameraId, GateId, ZoneId};
use service::{
    clock,
    config::site::{
        ApproveKind, CameraTask, CrowdSection, FactorKind, GateSection, ProfileKind, ReaderSection,
        Site, StorageSection, ZoneSection,
    },
    keys::SigningKeyFile,
};
use std::{collections::BTreeMap, fs, net::SocketAddr, time::Duration};
use toml::Spanned;
use violation_api::{
    Api, ApiConfig, BindPolicy, CrowdLevels, DeskConfig, GuardConfig, LanePlan, Names, NoticePlan,
    NoticeSees, ReaderConfig, SiteKind, SitePlan, SiteProfile, ZonePlan,
};
use wire::BundleKeys;

/// A message may come again for as long as its sender was away; its id is kept so long.
const MESSAGE_IDS_KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// How often old message ids are forgotten.
const FORGET_INTERVAL: Duration = Duration::from_secs(3600);

/// Opens the store and begins to listen.
pub async fn start(site: &LoadedSite, running: &mut Running) -> Result<()> {
    let web = &site.site.web;
    let bind: SocketAddr = web.listen.get_ref().parse()?;
    let assets = match &web.assets {
        Some(assets) => site.path(assets),
        None => provided("web"),
    };
    let mut config = ApiConfig::new(
        running.site.clone(),
        &database_url(site, &site.site.storage)?,
        site.state("evidence"),
    );
    config.site_name = site.site.site.name.clone();
    config.names = names(&site.site)?;
    config.plan = plan(&site.site)?;
    config.profile = profile(&site.site)?;
    config.guard = guard(site)?;
    config.web_assets_dir = assets.exists().then_some(assets);
    config.bind = bind;
    config.desk = desk(site)?;
    config.zone = site.site.site.timezone.get_ref().clone();
    if web.allow_unauthenticated_network {
        config.bind_policy = BindPolicy::UnauthenticatedNetwork {
            host_names: Vec::new(),
        };
    }
    let api = Api::open(config).await?;
    let listener = api.listen().await?;
    running.address = Some(listener.local_addr()?);
    let (bus, _events) = running.connect("api", Vec::new());
    let shutdown = running.shutdown();
    running.tasks.spawn(async move {
        tokio::select! {
            ended = api.run(listener, bus, shutdown) => Ok(ended?),
            () = forget(&api) => Ok(()),
        }
    });
    Ok(())
}

/// What the site file calls its cameras and gates.
fn names(site: &Site) -> Result<Names> {
    let mut names = Names::default();
    for camera in &site.cameras {
        let id: CameraId = camera.id.get_ref().parse()?;
        for line in &camera.lines {
            let zone: ZoneId = line.zone.get_ref().parse()?;
            let cameras = names.zone_cameras.entry(zone).or_default();
            cameras.insert(id.clone());
        }
        let name = camera.name.iter().map(|name| (id.clone(), name.clone()));
        names.cameras.extend(name);
    }
    for gate in &site.gates {
        let id: GateId = gate.id.get_ref().parse()?;
        names
            .gates
            .extend(gate.name.iter().map(|name| (id.clone(), name.clone())));
    }
    Ok(names)
}

/// What the visitors' desk needs; makes the site's keys when there are none yet. Nothing at an edge
/// whose gates do not trust its passes.
fn desk(site: &LoadedSite) -> Result<Option<DeskConfig>> {
    let key = SigningKeyFile::load_or_create(&site.state(PASS_KEY))?;
    if !is_trusted(site, |keys| keys.passes.contains(&key.public_hex()))? {
        return Ok(None); // its passes would open nothing
    }
    let visitors = &site.site.visitors;
    let reader = |section: &ReaderSection| {
        let gates = section.gates.get_ref().iter().map(|gate| Ok(gate.parse()?));
        Ok(ReaderConfig {
            id: section.id.get_ref().clone(),
            public_key: section.public_key.get_ref().clone(),
            gates: gates.collect::<Result<_>>()?,
        })
    };
    let readers = site.site.readers.iter().map(reader);
    Ok(Some(DeskConfig {
        passes: site.pass_desk()?,
        texts: site.document_texts()?,
        readers: readers.collect::<Result<_>>()?,
        kept: Duration::from_secs(u64::from(*visitors.kept_days.get_ref()) * 24 * 3600),
        is_automatic: visitors.approve == ApproveKind::Automatic,
        public_url: visitors
            .public_url
            .as_ref()
            .map(|url| url.get_ref().clone()),
    }))
}

/// The lanes and zones of the site file.
fn plan(site: &Site) -> Result<SitePlan> {
    let zone = |id: &Option<Spanned<String>>| -> Result<Option<ZoneId>> {
        Ok(id.as_ref().map(|id| id.get_ref().parse()).transpose()?)
    };
    let lane = |gate: &GateSection| {
        Ok(LanePlan {
            gate: gate.id.get_ref().parse()?,
            camera: gate.camera.get_ref().parse()?,
            from: zone(&gate.from)?,
            to: zone(&gate.to)?,
        })
    };
    let zone = |section: &ZoneSection| {
        let id = section.id.get_ref();
        Ok(ZonePlan {
            zone: id.parse()?,
            name: section.name.as_ref().unwrap_or(id).clone(),
            vehicles_max: section.vehicles_max,
            people_max: section.people_max,
        })
    };
    Ok(SitePlan {
        lanes: site.gates.iter().map(lane).collect::<Result<_>>()?,
        zones: site.zones.iter().map(zone).collect::<Result<_>>()?,
    })
}

/// What kind of place the site is, and what its file tells the public.
fn profile(site: &Site) -> Result<SiteProfile> {
    let mut profile = SiteProfile {
        kind: match site.site.profile.as_ref().map(|kind| *kind.get_ref()) {
            None | Some(ProfileKind::Park) => SiteKind::Park,
            Some(ProfileKind::Station) => SiteKind::Station,
            Some(ProfileKind::TouristSite) => SiteKind::TouristSite,
        },
        ..SiteProfile::default()
    };
    for zone in &site.zones {
        if let Some(crowd) = &zone.crowd {
            let CrowdSection { busy, crowded } = *crowd.get_ref();
            let levels = CrowdLevels { busy, crowded };
            profile.crowd.insert(zone.id.get_ref().parse()?, levels);
        }
    }
    let text = |text: &Spanned<String>| text.get_ref().clone();
    profile.notice = site.notice.as_ref().map(|notice| NoticePlan {
        controller: text(&notice.controller),
        address: notice.address.as_ref().map(text),
        contact: text(&notice.contact),
        purpose_vi: text(&notice.purpose),
        purpose_en: text(&notice.purpose_en),
        pictures_kept_days: notice.pictures_kept_days.as_ref().map(|n| *n.get_ref()),
        url: notice.url.as_ref().map(text),
        sees: sees(site),
    });
    Ok(profile)
}

/// What the cameras of the site look for.
fn sees(site: &Site) -> NoticeSees {
    let any = |task| {
        site.cameras
            .iter()
            .any(|c| c.tasks.get_ref().contains(&task))
    };
    let is_anyone = |gate: &GateSection| gate.factor == FactorKind::Anyone;
    NoticeSees {
        people: any(CameraTask::People),
        vehicles: any(CameraTask::Vehicles),
        counting: site.cameras.iter().any(|camera| !camera.lines.is_empty())
            || site.gates.iter().any(is_anyone),
        plates: any(CameraTask::Plates),
        faces: any(CameraTask::Faces),
        documents: any(CameraTask::Qr),
        watch_list: site.watch_list.enabled,
    }
}

/// Whether the gates trust a key of this site's own: at an edge those alone count that the centre's
/// list names.
fn is_trusted(site: &LoadedSite, is_named: impl FnOnce(&BundleKeys) -> bool) -> Result<bool> {
    if !site.is_edge() {
        return Ok(true);
    }
    let stored = site
        .edge_store()
        .load(&site.site.list.trusted(), &site.id()?);
    // What is wrong with it is told where the gates begin with it.
    Ok(stored.is_ok_and(|bundle| bundle.is_some_and(|bundle| is_named(bundle.keys()))))
}

/// What guards need: the key that the gates trust, and how long they have for an answer.
fn guard(site: &LoadedSite) -> Result<GuardConfig> {
    let mut answer_within = BTreeMap::new();
    for gate in &site.site.gates {
        if let Some(seconds) = gate.guard_within_s {
            let within = Duration::from_secs(seconds);
            answer_within.insert(gate.id.get_ref().parse()?, within);
        }
    }
    let key = SigningKeyFile::load_or_create(&site.state(ORDER_KEY))?;
    let is_trusted = is_trusted(site, |keys| keys.orders.contains(&key.public_hex()))?;
    if !is_trusted {
        tracing::warn!(
            "the gates here trust the centre's key for orders alone: none can be given on these \
             pages; copy the centre's keys/order.key here to give them here, too"
        );
    }
    Ok(GuardConfig {
        order_key: is_trusted.then_some(key),
        answer_within,
    })
}

/// Forgets, every hour, the ids of messages that no outbox sends again.
async fn forget(api: &Api) {
    loop {
        let before = clock::now().saturating_sub(MESSAGE_IDS_KEPT);
        if let Err(error) = api.store().forget_before(before).await {
            tracing::warn!(%error, "old message ids were not forgotten; it is tried again");
        }
        tokio::time::sleep(FORGET_INTERVAL).await;
    }
}

pub(crate) fn database_url(site: &LoadedSite, storage: &StorageSection) -> Result<String> {
    if let Some(file) = &storage.database_file {
        let file = site.path(file);
        let text = fs::read_to_string(&file)
            .with_context(|| format!("reading the database address in {}", file.display()))?;
        return Ok(text.trim().to_owned());
    }
    if let Some(url) = &storage.database {
        return Ok(url.clone());
    }
    let file = site.state("gac.db");
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("making the folder {}", folder.display()))?;
    }
    Ok(format!("sqlite:{}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use service::config::ConfigText;
    use std::path::Path;

    #[test]
    fn the_names_of_the_site_file_are_handed_over() {
        let text = r#"
            [site]
            id = "park-1"
            name = "Khu công nghiệp"
            [[camera]]
            id = "junction-1"
            name = "Ngã tư Lê Lợi"
            source = { scene = "junction" }
            tasks = ["vehicles"]
            [[camera.line]]
            zone = "line-1"
            from = [0.0, 0.5]
            to = [1.0, 0.5]
            [[camera]]
            id = "gate-1-in"
            source = { scene = "gate" }
            tasks = ["plates"]
            [[gate]]
            id = "gate-1"
            name = "Cổng chính"
            camera = "gate-1-in"
            factor = "plate"
        "#;
        let site: Site = ConfigText::from_text(Path::new("site.toml"), text.to_owned())
            .parse()
            .unwrap();
        let names = names(&site).unwrap();
        assert_eq!(
            names.camera(&"junction-1".parse().unwrap()),
            "Ngã tư Lê Lợi"
        );
        assert_eq!(names.camera(&"gate-1-in".parse().unwrap()), "gate-1-in");
        assert_eq!(names.gate(&"gate-1".parse().unwrap()), "Cổng chính");
        let zone = names.zone_cameras.get(&"line-1".parse().unwrap()).unwrap();
        assert!(zone.contains(&"junction-1".parse().unwrap()));
    }
}
