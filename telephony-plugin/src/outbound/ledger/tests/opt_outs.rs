//! Who wants no more messages.

use super::*;
use crate::outbound::OptOutSource;

async fn who_opts_out_is_out_for_the_account_until_they_opt_in(ledger: Ledger) {
    let (own, other, them) = (account("default"), account("other"), number(1));
    assert!(!ledger.is_opted_out(&own, &them).await.unwrap());
    assert!(ledger.opt_out(&own, &them, OptOutSource::Word, NOW).await.unwrap());
    assert!(!ledger.opt_out(&own, &them, OptOutSource::Carrier, later(9)).await.unwrap());
    assert!(ledger.opt_out(&own, &number(2), OptOutSource::Operator, later(5)).await.unwrap());
    assert!(ledger.is_opted_out(&own, &them).await.unwrap());
    assert!(!ledger.is_opted_out(&other, &them).await.unwrap());
    let listed = ledger.opted_out(&own, 10).await.unwrap();
    let listed: Vec<_> =
        listed.into_iter().map(|one| (one.number, one.since, one.source)).collect();
    let first = (them.clone(), NOW, OptOutSource::Word);
    assert_eq!(listed, [(number(2), later(5), OptOutSource::Operator), first]);
    assert_eq!(ledger.opted_out(&own, 1).await.unwrap().len(), 1);
    let before = NOW.saturating_sub(Duration::from_millis(1));
    assert!(!ledger.opt_in(&own, &them, Some(before), NOW).await.unwrap(), "they said so later");
    assert!(ledger.opt_in(&own, &them, Some(NOW), NOW).await.unwrap());
    assert!(!ledger.opt_in(&own, &them, None, NOW).await.unwrap());
    assert!(!ledger.is_opted_out(&own, &them).await.unwrap());
    // STOP while the clock is an hour ahead, START once it is right.
    ledger.opt_out(&own, &them, OptOutSource::Word, later(3_600)).await.unwrap();
    assert!(ledger.opt_in(&own, &them, Some(NOW), later(5)).await.unwrap());
}

on_each_store![who_opts_out_is_out_for_the_account_until_they_opt_in,];
