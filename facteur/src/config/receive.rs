//! `[receive]`: the treatment of letters from outside whose sender nothing proves.

use authentication::{Mode, Settings};
use mail::Domain;
use net::{Network, Proxies};

use super::expected::Expected;
use super::reader::{Reader, Section};

/// Reads the section.
pub fn read(reader: &mut Reader<'_>, section: Section<'_>) -> Settings {
    reader.only_settings(section);
    let mut settings = Settings::default();
    if let Some(mode) = reader.text(section, "authentication") {
        match mode.value.as_str() {
            "on" => settings.mode = Mode::On,
            "note" => settings.mode = Mode::Note,
            "off" => settings.mode = Mode::Off,
            _ => reader.wrong(&mode, Expected::Authentication),
        }
    }
    settings.forwarders = domains(reader, section, "forwarders");
    settings.believed = domains(reader, section, "believed");
    if let Some(texts) = reader.texts(section, "fronts") {
        let mut networks = Vec::new();
        for text in texts {
            match text.value.parse::<Network>() {
                Ok(network) => networks.push(network),
                Err(_) => reader.wrong(&text, Expected::Front),
            }
        }
        settings.fronts = Proxies::new(networks);
    }
    settings
}

fn domains(reader: &mut Reader<'_>, section: Section<'_>, key: &'static str) -> Vec<Domain> {
    let mut domains = Vec::new();
    for text in reader.texts(section, key).unwrap_or_default() {
        match Domain::parse(&text.value) {
            Ok(domain) if !domain.is_literal() => domains.push(domain),
            _ => reader.wrong(&text, Expected::HostName),
        }
    }
    domains
}
