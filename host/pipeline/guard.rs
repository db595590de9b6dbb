//! Where a tenant's requests may go: to public addresses. A name is judged by what it resolves to at the moment of the
//! request, so that it cannot point somewhere else afterwards; an address in the URL, which no resolver sees, by itself.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// What may be reached on behalf of tenants.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    /// As the operator wrote them: `host` or `host:port`.
    private_hosts: BTreeSet<String>,
}

/// How a URL may be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The operator named its host: wherever it is.
    Named,
    /// At public addresses.
    Public,
}

impl Guard {
    /// A guard that lets requests to these hosts pass wherever they are.
    #[must_use]
    pub fn new(private_hosts: &[String]) -> Self {
        Self { private_hosts: private_hosts.iter().map(|host| host.to_ascii_lowercase()).collect() }
    }

    /// How a gateway's URL may be reached.
    ///
    /// # Errors
    /// Says why it may not.
    pub fn reach(&self, url: &str) -> Result<Reach, String> {
        let url = Url::parse(url).map_err(|error| format!("{url:?} is no URL: {error}"))?;
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err("a gateway's URL has no user, password, query or fragment".to_owned());
        }
        self.judge(&url)
    }

    /// How a bot elsewhere may be reached. Unlike a gateway's, its URL may have a query.
    ///
    /// # Errors
    /// Says why it may not.
    pub fn callback(&self, url: &str) -> Result<Reach, String> {
        let url = Url::parse(url).map_err(|error| format!("it is no URL: {error}"))?;
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err("it may have no user, password or fragment; credentials have their own field".to_owned());
        }
        self.judge(&url)
    }

    fn judge(&self, url: &Url) -> Result<Reach, String> {
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or("a URL to send to names a host")?;
        let port = url.port_or_known_default().unwrap_or_default();
        let named = self.private_hosts.contains(host) || self.private_hosts.contains(&format!("{host}:{port}"));
        match url.scheme() {
            "https" => {}
            "http" if named => {}
            scheme => return Err(format!("what a tenant sets is reached over https, not {scheme}")),
        }
        if named {
            return Ok(Reach::Named);
        }
        // The parser has written every form of an address in its usual one.
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match address.ok().and_then(|address| Some((address, not_public(address)?))) {
            Some((address, class)) => Err(refusal(&address.to_string(), class)),
            None => Ok(Reach::Public),
        }
    }
}

fn refusal(what: &str, class: &str) -> String {
    format!(
        "{what} is {class}: what a tenant sets is reached at public addresses alone, unless deliver.private_hosts names its host"
    )
}

/// Resolves names to their public addresses; a name without any does not resolve.
#[derive(Debug, Clone, Copy)]
pub struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let public: Vec<_> = found.iter().copied().filter(|found| not_public(found.ip()).is_none()).collect();
            if let (true, Some(first)) = (public.is_empty(), found.first()) {
                let class = not_public(first.ip()).unwrap_or("not public");
                return Err(Refused(refusal(&format!("{}, which is {}", name.as_str(), first.ip()), class)).into());
            }
            let addresses: Addrs = Box::new(public.into_iter());
            Ok(addresses)
        })
    }
}

/// A name leads only to addresses that may not be reached.
#[derive(Debug)]
struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// What an address is if it is not public.
#[must_use]
pub fn not_public(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => not_public_v4(address),
        IpAddr::V6(address) => not_public_v6(address),
    }
}

/// The IANA registry of special-purpose IPv4 addresses, and multicast.
fn not_public_v4(address: Ipv4Addr) -> Option<&'static str> {
    match address.octets() {
        [0, ..] => Some("an unspecified address"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Some("a private address"),
        [100, 64..=127, ..] => Some("a carrier's shared address"),
        [127, ..] => Some("a loopback address"),
        [169, 254, ..] => Some("a link-local address"),
        [192, 0, 0, _] => Some("an address for protocols"),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Some("an address for documentation"),
        [192, 88, 99, _] => Some("a 6to4 relay's address"),
        [198, 18..=19, ..] => Some("an address for benchmarks"),
        [224..=239, ..] => Some("a multicast address"),
        [255, 255, 255, 255] => Some("the broadcast address"),
        [240..=255, ..] => Some("a reserved address"),
        _ => None,
    }
}

/// Of IPv6 only 2000::/3 is given out for public use, with the exceptions of the IANA registry of special-purpose addresses.
fn not_public_v6(address: Ipv6Addr) -> Option<&'static str> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("an unspecified address"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("a loopback address"),
        [0, 0, 0, 0, 0, 0xffff | 0, _, _] => Some("an IPv4 address in an IPv6 one"),
        [0x64, 0xff9b, ..] => Some("a NAT64 address"),
        [0x2002, ..] => Some("a 6to4 address"),
        [0x2001, 0x2, 0, ..] => Some("an address for benchmarks"),
        [0x2001, 0x0..=0x1ff, ..] => Some("an address for protocols"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0x0..=0xfff, ..] => Some("an address for documentation"),
        [0x2000..=0x3fff, ..] => None,
        [0xfc00..=0xfdff, ..] => Some("a unique local address"),
        [0xfe80..=0xfebf, ..] => Some("a link-local address"),
        [0xff00..=0xffff, ..] => Some("a multicast address"),
        _ => Some("a reserved address"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Guard, PublicOnly, Reach, not_public};
    use reqwest::dns::Resolve as _;

    /// The edges of each range, and what lies next to it.
    #[test]
    fn only_public_addresses_are_public() {
        let classes: &[(&str, &[&str])] = &[
            ("unspecified", &["0.0.0.0", "0.255.255.255", "::"]),
            ("private", &["10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.1"]),
            ("carrier's shared", &["100.64.0.0", "100.127.255.255"]),
            ("loopback", &["127.0.0.1", "127.255.255.255", "::1"]),
            ("link-local", &["169.254.169.254", "fe80::1", "febf::1"]),
            ("protocols", &["192.0.0.8", "2001::1", "2001:20::1", "2001:1ff::1"]),
            ("documentation", &["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1", "3fff:fff::1"]),
            ("6to4", &["192.88.99.1", "2002::1", "2002:7f00:1::"]),
            ("benchmarks", &["198.18.0.0", "198.19.255.255", "2001:2::1"]),
            ("multicast", &["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"]),
            ("broadcast", &["255.255.255.255"]),
            ("reserved", &["240.0.0.1", "100::1", "fec0::1", "4000::1", "5f00::1"]),
            ("IPv4 address in", &["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::ffff:8.8.8.8"]),
            ("NAT64", &["64:ff9b::7f00:1", "64:ff9b:1::1"]),
            ("unique local", &["fc00::1", "fdff::1"]),
        ];
        for (class, addresses) in classes {
            for address in *addresses {
                let said = not_public(address.parse().unwrap());
                assert!(said.is_some_and(|said| said.contains(class)), "{address}: {said:?}, not {class}");
            }
        }
        for public in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:200::1",
            "2606:4700::1",
            "2a00::1",
            "3fff:1000::1",
        ] {
            assert_eq!(not_public(public.parse().unwrap()), None, "{public}");
        }
    }

    #[test]
    fn a_url_is_https_and_plain() {
        let guard = Guard::default();
        for good in
            ["https://api.example.com", "https://api.example.com:8443/base/", "https://8.8.8.8", "https://[2a00::1]:1"]
        {
            assert_eq!(guard.reach(good), Ok(Reach::Public), "{good}");
        }
        for (bad, words) in [
            ("http://api.example.com", "over https, not http"),
            ("ftp://api.example.com", "over https, not ftp"),
            ("file:///etc/passwd", "names a host"),
            ("api.example.com", "no URL"),
            ("https://", "no URL"),
            ("https://me@api.example.com", "no user"),
            ("https://:secret@api.example.com", "no user"),
            ("https://api.example.com?x=1", "no user, password, query"),
            ("https://api.example.com/#x", "fragment"),
            ("https://127.0.0.1", "loopback"),
            ("https://127.1:99", "loopback"),
            ("https://0x7f000001", "loopback"),
            ("https://2130706433", "loopback"),
            ("https://127.0.0.1./", "loopback"),
            ("https://[::1]", "loopback"),
            ("https://[::ffff:10.0.0.1]/", "IPv4 address in an IPv6 one"),
            ("https://169.254.169.254/latest", "link-local"),
        ] {
            let said = guard.reach(bad).unwrap_err();
            assert!(said.contains(words), "{bad}: {said}");
        }
    }

    #[test]
    fn what_the_operator_names_may_be_anywhere() {
        let guard = Guard::new(&["127.0.0.1:9000".to_owned(), "Gateway.internal".to_owned(), "[::1]".to_owned()]);
        for named in
            ["http://127.0.0.1:9000", "https://127.0.0.1:9000/x", "http://gateway.internal:1", "http://[::1]:2"]
        {
            assert_eq!(guard.reach(named), Ok(Reach::Named), "{named}");
        }
        for other in ["http://127.0.0.1:9001", "https://127.0.0.1", "https://127.0.0.2:9000", "http://internal"] {
            assert!(guard.reach(other).is_err(), "{other}");
        }
        assert!(guard.reach("http://me@127.0.0.1:9000").is_err());
    }

    #[tokio::test]
    async fn a_name_that_leads_home_does_not_resolve() {
        let Err(error) = PublicOnly.resolve("localhost".parse().unwrap()).await else { panic!("it resolved") };
        assert!(error.to_string().contains("is a loopback address"), "{error}");
    }
}
