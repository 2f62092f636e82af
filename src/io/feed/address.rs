//! Which addresses may be connected to: a feed's address comes from outside, and must not open the inside of a
//! network to whoever wrote it. The name is looked up here and the connection goes to the address that was
//! checked, so a name that changes between check and use gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A name that leads to private addresses alone.
#[derive(Debug, thiserror::Error)]
#[error("a private address")]
pub(super) struct Private;

/// Looks names up as the system does and keeps the addresses that may be connected to.
pub(super) struct Resolver {
    /// Every address may.
    pub private_addresses: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let all = self.private_addresses;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> = found.iter().filter(|a| all || public(a.ip())).copied().collect();
            if allowed.is_empty() && !found.is_empty() {
                return Err(Private.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Whether the address is one of the open internet (IANA's special-purpose registries, RFC 6890).
pub(super) fn public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => public_v4(address),
        IpAddr::V6(address) => public_v6(address),
    }
}

fn public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocol = (a, b, c) == (192, 0, 0);
    let benchmark = a == 198 && (18..20).contains(&b);
    !(a == 0 || address.is_loopback() || address.is_private() || address.is_link_local())
        && !(shared || protocol || benchmark || a >= 224)
}

/// Of version 6, only 2000::/3 is handed out at all; out of it go the tunnels (Teredo, 6to4) that carry an
/// address of version 4 inside. Loopback, link-local, unique local, multicast, v4-mapped and 64:ff9b::/96
/// lie outside it.
fn public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let teredo = (a, b) == (0x2001, 0);
    let six_to_four = a == 0x2002;
    a & 0xe000 == 0x2000 && !teredo && !six_to_four
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_open_internet_is_public() {
        let check = |text: &str, wanted: bool| assert_eq!(public(text.parse().unwrap()), wanted, "{text}");
        for open in [
            "8.8.8.8",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "2606:4700::1",
            "2001:db9::1",
        ] {
            check(open, true);
        }
        for closed in [
            "127.0.0.1",
            "127.9.9.9",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "239.1.1.1",
            "255.255.255.255",
            "240.0.0.1",
            "192.0.0.8",
            "198.18.0.1",
        ] {
            check(closed, false);
        }
        for closed in [
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "fec0::1",
            "ff02::1",
            "::ffff:8.8.8.8",
            "::8.8.8.8",
            "64:ff9b::808:808",
            "64:ff9b:1::1",
            "2002:7f00:1::1",
            "2001::1",
        ] {
            check(closed, false);
        }
    }
}
