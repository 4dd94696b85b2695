//! The store, the JSON API and the console of a site.

use crate::{
    run::Running,
    site::{LoadedSite, provided},
};
use anyhow::{Context as _, Result};
use service::{clock, config::site::StorageSection};
use std::{fs, net::SocketAddr, time::Duration};
use violation_api::{Api, ApiConfig, BindPolicy};

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
    config.web_assets_dir = assets.exists().then_some(assets);
    config.bind = bind;
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

fn database_url(site: &LoadedSite, storage: &StorageSection) -> Result<String> {
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
