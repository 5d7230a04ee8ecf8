//! Whom the host challenged, and what they were told: on disk, so that each code and each
//! confirmation is texted once, whatever restarts in between.

use std::time::Duration;

use async_trait::async_trait;
use telephony_core::{AccountId, PhoneNumber, Timestamp};
use telephony_pairing::{CODE_LIFETIME, Note, NoteKind, PairingCode};
use telephony_webhook::Schema;

use crate::service::{Owing, OwingError};
use crate::sql::{Answer, Row, Sql, Store, TransactError, values};

/// How long after its code is void a request is still watched: the host may have approved it in
/// the last moment, or while we were not running.
const GRACE: Duration = Duration::from_secs(15 * 60);

/// How long rows are kept.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

const SQLITE: &[&str] = &["
    CREATE TABLE host_challenge (
        account TEXT NOT NULL,
        number TEXT NOT NULL,
        code TEXT NOT NULL,
        created_at INTEGER NOT NULL, -- milliseconds since the Unix epoch, as all times
        texted_at INTEGER,
        approved_at INTEGER,
        closed_at INTEGER,           -- since then nothing more is owed
        PRIMARY KEY (account, number, code)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX host_challenge_open ON host_challenge (account, created_at)
        WHERE closed_at IS NULL;
    CREATE INDEX host_challenge_created ON host_challenge (created_at);
"];

const POSTGRES: &[&str] = &["
    CREATE TABLE host_challenge (
        account TEXT COLLATE \"C\" NOT NULL,
        number TEXT COLLATE \"C\" NOT NULL,
        code TEXT COLLATE \"C\" NOT NULL,
        created_at BIGINT NOT NULL,
        texted_at BIGINT,
        approved_at BIGINT,
        closed_at BIGINT,
        PRIMARY KEY (account, number, code)
    );
    CREATE INDEX host_challenge_open ON host_challenge (account, created_at)
        WHERE closed_at IS NULL;
    CREATE INDEX host_challenge_created ON host_challenge (created_at);
"];

/// Keeps challenges in a table of the one database.
#[derive(Debug, Clone)]
pub struct Challenges(Store);

impl Challenges {
    /// Its table in an SQLite file, which the writer is to be opened with.
    pub const SQLITE: Schema = Schema { name: "host", migrations: SQLITE };

    /// The same in PostgreSQL.
    pub const POSTGRES: Schema = Schema { name: "host", migrations: POSTGRES };

    /// Challenges in a store that has the table.
    #[must_use]
    pub const fn new(store: Store) -> Self {
        Self(store)
    }

    /// Notes that the host wants `number` approved by `code`; whether that is new.
    ///
    /// # Errors
    ///
    /// [`TransactError`] when the database fails.
    pub async fn add(
        &self,
        account: &AccountId,
        number: &PhoneNumber,
        code: &PairingCode,
        now: Timestamp,
    ) -> Result<bool, TransactError> {
        let (account, number) = (account.clone(), number.clone());
        let code = code.as_str().to_owned();
        self.0
            .transact(move |db| {
                let forget = now.saturating_sub(KEPT).as_millisecond();
                db.execute("DELETE FROM host_challenge WHERE created_at < ?1", values![forget])?;
                let added = db.execute(
                    "INSERT INTO host_challenge (account, number, code, created_at)
                        VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
                    values![account.as_str(), number.as_str(), code, now.as_millisecond()],
                )?;
                Ok(added > 0)
            })
            .await
    }

    /// Who waits for approval.
    ///
    /// # Errors
    ///
    /// [`TransactError`] when the database fails.
    pub async fn waiting(
        &self,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<Vec<PhoneNumber>, TransactError> {
        let account = account.clone();
        let since = now.saturating_sub(CODE_LIFETIME.saturating_add(GRACE)).as_millisecond();
        let waiting = self.0.read(move |db| {
            db.rows(
                "SELECT DISTINCT number FROM host_challenge WHERE account = ?1
                    AND closed_at IS NULL AND approved_at IS NULL AND created_at > ?2",
                values![account.as_str(), since],
                |row| Ok(row.parsed(0).ok()),
            )
        });
        Ok(waiting.await?.into_iter().flatten().collect())
    }

    /// Notes that the host lets `number` talk; whether it waited for that. Only its newest code is
    /// answered by a confirmation.
    ///
    /// # Errors
    ///
    /// [`TransactError`] when the database fails.
    pub async fn approve(
        &self,
        account: &AccountId,
        number: &PhoneNumber,
        now: Timestamp,
    ) -> Result<bool, TransactError> {
        let (account, number) = (account.clone(), number.clone());
        self.0.transact(move |db| approve(db, &account, &number, now)).await
    }
}

fn approve(
    db: &dyn Sql,
    account: &AccountId,
    number: &PhoneNumber,
    now: Timestamp,
) -> Answer<bool> {
    let of = values![account.as_str(), number.as_str(), now.as_millisecond()];
    let approved = db.execute(
        "UPDATE host_challenge SET approved_at = ?3 WHERE account = ?1 AND number = ?2
            AND closed_at IS NULL AND approved_at IS NULL AND created_at =
                (SELECT max(created_at) FROM host_challenge
                    WHERE account = ?1 AND number = ?2 AND closed_at IS NULL)",
        of,
    )?;
    db.execute(
        "UPDATE host_challenge SET closed_at = ?3 WHERE account = ?1 AND number = ?2
            AND closed_at IS NULL AND approved_at IS NULL",
        of,
    )?;
    Ok(approved > 0)
}

fn note(account: &AccountId, row: &Row) -> Answer<Option<Note>> {
    let kind = if row.get(2)? { NoteKind::Confirmation } else { NoteKind::Challenge };
    // What another program wrote is nobody's number.
    let (Ok(number), Ok(code)) = (row.parsed(0), PairingCode::parse(row.get(1)?)) else {
        return Ok(None);
    };
    Ok(Some(Note::new(account.clone(), number, code, kind)))
}

#[async_trait]
impl Owing for Challenges {
    async fn owed(&self, account: &AccountId, now: Timestamp) -> Result<Vec<Note>, OwingError> {
        let account = account.clone();
        let void = now.saturating_sub(CODE_LIFETIME).as_millisecond();
        let owed = self.0.read(move |db| {
            // Who was approved needs no code any more, and who was not gets none that is void.
            db.rows(
                "SELECT number, code, CASE WHEN approved_at IS NULL THEN 0 ELSE 1 END
                    FROM host_challenge
                    WHERE account = ?1 AND closed_at IS NULL AND (approved_at IS NOT NULL
                        OR texted_at IS NULL AND created_at > ?2) ORDER BY created_at",
                values![account.as_str(), void],
                |row| note(&account, row),
            )
        });
        let owed = owed.await.map_err(OwingError::new)?;
        Ok(owed.into_iter().flatten().collect())
    }

    async fn settle(&self, note: &Note, now: Timestamp) -> Result<(), OwingError> {
        let note = note.clone();
        let settled = self.0.transact(move |db| {
            let sql = match note.kind {
                NoteKind::Challenge => {
                    "UPDATE host_challenge SET texted_at = ?4
                        WHERE account = ?1 AND number = ?2 AND code = ?3"
                }
                NoteKind::Confirmation => {
                    "UPDATE host_challenge SET closed_at = ?4
                        WHERE account = ?1 AND number = ?2 AND code = ?3"
                }
            };
            let Note { account, number, code, .. } = &note;
            let at = now.as_millisecond();
            db.execute(sql, values![account.as_str(), number.as_str(), code.as_str(), at])
        });
        settled.await.map(drop).map_err(OwingError::new)
    }
}

#[cfg(test)]
mod tests {
    use telephony_webhook::SqliteWriter;

    use super::*;

    const NOW: Timestamp = Timestamp::from_second(1_800_000_000);

    fn challenges() -> Challenges {
        let writer = SqliteWriter::open_in_memory(&[Challenges::SQLITE]).unwrap();
        Challenges::new(Store::Sqlite(writer))
    }

    fn later(minutes: u64) -> Timestamp {
        NOW.saturating_add(Duration::from_secs(60 * minutes))
    }

    fn code(text: &str) -> PairingCode {
        PairingCode::parse(text).unwrap()
    }

    async fn kinds(challenges: &Challenges, now: Timestamp) -> Vec<(String, NoteKind)> {
        let owed = challenges.owed(&AccountId::default_account(), now).await.unwrap();
        owed.into_iter().map(|note| (note.code.as_str().to_owned(), note.kind)).collect()
    }

    async fn settle_all(challenges: &Challenges, now: Timestamp) {
        for note in challenges.owed(&AccountId::default_account(), now).await.unwrap() {
            challenges.settle(&note, now).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_code_is_owed_once_and_the_newest_is_confirmed_once() {
        let (challenges, account) = (challenges(), AccountId::default_account());
        let number: PhoneNumber = "+15550001234".parse().unwrap();
        let (first, second) = (code("ABCD2345"), code("WXYZ6789"));
        assert!(challenges.add(&account, &number, &first, NOW).await.unwrap());
        assert!(!challenges.add(&account, &number, &first, later(1)).await.unwrap());
        assert_eq!(kinds(&challenges, NOW).await, [("ABCD2345".into(), NoteKind::Challenge)]);
        settle_all(&challenges, NOW).await;
        assert_eq!(kinds(&challenges, NOW).await, []);

        assert!(challenges.add(&account, &number, &second, later(61)).await.unwrap());
        settle_all(&challenges, later(61)).await;
        let waiting = challenges.waiting(&account, later(62)).await.unwrap();
        assert_eq!(waiting, std::slice::from_ref(&number));
        assert!(challenges.approve(&account, &number, later(62)).await.unwrap());
        assert!(!challenges.approve(&account, &number, later(62)).await.unwrap());
        let owed = kinds(&challenges, later(63)).await;
        assert_eq!(owed, [("WXYZ6789".into(), NoteKind::Confirmation)]);
        settle_all(&challenges, later(63)).await;
        assert_eq!(kinds(&challenges, later(63)).await, []);
        assert!(challenges.waiting(&account, later(63)).await.unwrap().is_empty());
        assert!(!challenges.approve(&account, &number, later(64)).await.unwrap());
    }

    #[tokio::test]
    async fn requests_are_watched_for_a_while_and_void_codes_are_not_texted() {
        let (challenges, account) = (challenges(), AccountId::default_account());
        let number: PhoneNumber = "+15550001234".parse().unwrap();
        challenges.add(&account, &number, &code("ABCD2345"), NOW).await.unwrap();
        assert_eq!(kinds(&challenges, later(61)).await, []);
        assert_eq!(challenges.waiting(&account, later(74)).await.unwrap().len(), 1);
        assert!(challenges.waiting(&account, later(75)).await.unwrap().is_empty());
        challenges.add(&account, &number, &code("WXYZ6789"), later(8 * 24 * 60)).await.unwrap();
        let count = |db: &dyn Sql| db.count("SELECT count(*) FROM host_challenge", &[]);
        assert_eq!(challenges.0.read(count).await.unwrap(), 1, "old ones are forgotten");
    }
}
