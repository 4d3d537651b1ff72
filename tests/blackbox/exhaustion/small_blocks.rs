//! Documents whose values fill the lists of the allocator, one size after the other.

use serde_json::json;

use super::result_headers;
use crate::lab::{Lab, Listener, MockResponse, Received};
use crate::policy::{ServiceCallout, extract_variables};

/// The sizes of blocks that the allocator keeps in lists.
const SIZES: std::ops::RangeInclusive<usize> = 2..=62;

/// Maximum size of an XML document in bytes, without its root.
const MAX_XML_BYTES: usize = (8 << 20) - 16;

/// Elements whose markup takes so many bytes each.
fn elements(size: usize) -> String {
    let element = format!("<{}/>", "a".repeat(size - 3));
    format!("<r>{}</r>", element.repeat((MAX_XML_BYTES / size).min(500_000)))
}

pub fn cases(lab: &mut Lab) {
    lab.case("values_of_every_size", |setup| {
        let backend = setup.backend(|call: &Received| {
            let number: usize = call.path_and_query.trim_matches('/').parse().unwrap();
            MockResponse::xml(200, elements(number * 16))
        });
        let callout = ServiceCallout::new("SC-1", "http://a.test/{request.path}").response("r").xml();
        let variable = "<Variable name=\"all\" type=\"nodeset\"><XPath>/r/*</XPath></Variable>";
        let extract = extract_variables("EV-1", &format!("<Source>r</Source><XMLPayload>{variable}</XMLPayload>"));
        let site = setup.listener(Listener::new(json!({
            "policies": [callout, extract, result_headers(&[("sum", "{md5Hex(all)}")])],
            "clusters": {"*": backend.cluster()},
        })));
        let admin = setup.admin();
        move || async move {
            let session = site.session().await;
            // The first documents of all sizes bring the worker to its level.
            for number in [2, 3, 30, 62] {
                assert_eq!(session.get(&format!("/{number}")).await.status, 200);
            }
            let before = admin.memory();
            for number in SIZES {
                assert_eq!(session.get(&format!("/{number}")).await.status, 200, "{number}");
            }
            let after = admin.memory();
            if let (Some((before, _)), Some((after, _))) = (before, after) {
                let growth = after.saturating_sub(before);
                assert!(growth < 64 << 20, "{growth} bytes");
            }
        }
    });
}
