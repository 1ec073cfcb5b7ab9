use std::collections::HashMap;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::error::TransactionCanceledException;
use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, KeysAndAttributes, Put, ReturnValue, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use environment::Fault;
use oauth::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Store;

/// An item as DynamoDB has it.
pub(crate) type Item = HashMap<String, AttributeValue>;

const TABLE: &str = "table";
/// How many items one call reads.
const MOST_READ: usize = 100;

/// The key of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl Key {
    pub(crate) fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    pub(crate) fn to_item(&self) -> Item {
        HashMap::from([("pk".to_owned(), text(&self.pk)), ("sk".to_owned(), text(&self.sk))])
    }

    pub(crate) fn is_of(&self, item: &Item) -> bool {
        string(item, "pk") == Some(&self.pk) && string(item, "sk") == Some(&self.sk)
    }
}

/// An item to be written.
#[derive(Clone)]
pub(crate) struct Draft(Item);

impl Draft {
    /// An item with its content and the moment after which it may be deleted.
    pub(crate) fn new(key: &Key, body: &impl Serialize, expires_at: Option<Timestamp>) -> Self {
        let json = json_text(body);
        let mut item = key.to_item();
        item.insert("body".to_owned(), text(json));
        if let Some(moment) = expires_at {
            item.insert("expires_at".to_owned(), number(moment.as_seconds()));
        }
        Self(item)
    }

    /// The item as it stands, to the letter, whichever version wrote it.
    pub(crate) fn as_it_stands(item: &Item) -> Self {
        Self(item.clone())
    }

    /// Lists the item in the index under its owner.
    pub(crate) fn owned_by(mut self, owner: String, sort: String) -> Self {
        self.0.insert("owner".to_owned(), text(owner));
        self.0.insert("owner_sort".to_owned(), text(sort));
        self
    }

    /// Adds an attribute that conditions can see.
    pub(crate) fn with(mut self, name: &str, value: AttributeValue) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    /// Leaves an attribute out.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    fn key(&self) -> Key {
        let part = |name| string(&self.0, name).cloned().unwrap_or_default();
        Key { pk: part("pk"), sk: part("sk") }
    }

    pub(crate) fn into_item(self) -> Item {
        self.0
    }
}

/// A condition on the item as it stands.
pub(crate) struct Condition<'a> {
    pub(crate) expression: &'a str,
    pub(crate) values: Vec<(&'a str, AttributeValue)>,
}

impl<'a> Condition<'a> {
    pub(crate) fn new(expression: &'a str, values: Vec<(&'a str, AttributeValue)>) -> Self {
        Self { expression, values }
    }

    /// The item must be what was read, to the letter as it was written: this program may write the same in
    /// another way than the one that wrote it.
    pub(crate) fn unchanged(standing: Option<&Item>) -> Self {
        match standing.and_then(|item| string(item, "body")) {
            Some(before) => Self::new("body = :before", vec![(":before", text(before))]),
            None => Self::absent(),
        }
    }

    /// The item must not be there.
    pub(crate) fn absent() -> Self {
        Self::new("attribute_not_exists(pk)", vec![])
    }
}

/// What a conditional write met.
pub(crate) enum Written {
    /// It is done, by this attempt or by an earlier try of it whose answer was lost.
    Done,
    /// Something else stands there.
    Conflict(Item),
}

impl Store {
    /// Reads one item, strongly consistent.
    pub(crate) async fn read(&self, key: &Key) -> Result<Option<Item>, Fault> {
        let answer = self
            .client
            .get_item()
            .table_name(&*self.table)
            .set_key(Some(key.to_item()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| fault(&error))?;
        Ok(answer.item)
    }

    /// Reads several items in one call, strongly consistent; the answers stand in the order of the keys.
    pub(crate) async fn read_all<const N: usize>(&self, keys: [&Key; N]) -> Result<[Option<Item>; N], Fault> {
        let items = self.read_each(&keys.map(Clone::clone)).await?;
        items.try_into().map_err(|_| Fault::broken(TABLE, "an item for each key"))
    }

    /// As [`Store::read_all`], for keys of which the caller does not know how many there are: at most a hundred. One that is named twice
    /// is read once: DynamoDB refuses a call that names it twice.
    pub(crate) async fn read_each(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, Fault> {
        let firsts = keys.iter().enumerate().filter(|(at, key)| !keys[..*at].contains(key));
        let request = KeysAndAttributes::builder()
            .set_keys(Some(firsts.map(|(_, key)| key.to_item()).collect()))
            .consistent_read(true)
            .build()
            .map_err(|error| Fault::broken(TABLE, error))?;
        let answer = self
            .client
            .batch_get_item()
            .request_items(&*self.table, request)
            .send()
            .await
            .map_err(|error| fault(&error))?;
        if answer.unprocessed_keys().is_some_and(|left| !left.is_empty()) {
            return Err(Fault::unavailable(TABLE, "it answered a part of the keys only"));
        }
        let mut items =
            answer.responses.and_then(|mut tables| tables.remove(&*self.table)).unwrap_or_default();
        let mut of = |(at, key): (usize, &Key)| {
            let position = items.iter().position(|item| key.is_of(item))?;
            let comes_again = keys[at + 1..].contains(key);
            Some(if comes_again { items[position].clone() } else { items.swap_remove(position) })
        };
        Ok(keys.iter().enumerate().map(&mut of).collect())
    }

    /// As [`Store::read_each`], of any number of keys: one call for each hundred.
    pub(crate) async fn read_any(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, Fault> {
        let mut items = Vec::new();
        for some in keys.chunks(MOST_READ) {
            items.extend(self.read_each(some).await?);
        }
        Ok(items)
    }

    /// Writes an item over whatever stands there.
    pub(crate) async fn write(&self, draft: Draft) -> Result<(), Fault> {
        self.client
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(draft.into_item()))
            .send()
            .await
            .map_err(|error| fault(&error))?;
        Ok(())
    }

    /// Writes an item if the condition holds for what stands there. The attempt's id makes a retry of the SDK,
    /// whose first try had arrived, a success and not a conflict with itself.
    pub(crate) async fn write_if(&self, draft: Draft, condition: Condition<'_>) -> Result<Written, Fault> {
        self.write_as(&self.attempt(), draft, condition).await
    }

    /// Writes an item over the one that a caller decided by, on condition that it still is that one: it is read again, judged
    /// by `is_as_read`, and must then be unchanged to the letter. `false` when somebody came first.
    pub(crate) async fn replace<T: DeserializeOwned>(
        &self,
        key: &Key,
        is_as_read: impl FnOnce(Option<T>) -> bool,
        draft: Draft,
    ) -> Result<bool, Fault> {
        let standing = self.read(key).await?;
        if !is_as_read(standing.as_ref().map(body).transpose()?) {
            return Ok(false);
        }
        let written = self.write_if(draft, Condition::unchanged(standing.as_ref())).await?;
        Ok(matches!(written, Written::Done))
    }

    /// The id of an attempt to write.
    pub(crate) fn attempt(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.dice.roll::<12>())
    }

    /// As [`Store::write_if`], under an attempt's id that the caller knows.
    pub(crate) async fn write_as(
        &self,
        attempt: &str,
        draft: Draft,
        condition: Condition<'_>,
    ) -> Result<Written, Fault> {
        let key = draft.key();
        match self.write_unsettled(attempt, draft, condition).await {
            Err(fault) => self.settle(&key, attempt, fault).await,
            written => written,
        }
    }

    /// As [`Store::write_as`], for who does not ask what became of it when nothing is heard: a look takes time.
    pub(crate) async fn write_unsettled(
        &self,
        attempt: &str,
        draft: Draft,
        condition: Condition<'_>,
    ) -> Result<Written, Fault> {
        let mut request = self
            .client
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(draft.with("attempt", text(attempt)).into_item()))
            .condition_expression(condition.expression)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (name, value) in condition.values {
            request = request.expression_attribute_values(name, value);
        }
        match request.send().await {
            Ok(_) => Ok(Written::Done),
            Err(SdkError::ServiceError(context)) if context.err().is_conditional_check_failed_exception() => {
                let PutItemError::ConditionalCheckFailedException(failure) = context.into_err() else {
                    return Err(Fault::broken(TABLE, "an error changed its kind"));
                };
                Ok(judge(failure.item.unwrap_or_default(), attempt))
            }
            Err(error) => Err(fault(&error)),
        }
    }

    /// Changes attributes of an item if the condition holds.
    pub(crate) async fn change_if(
        &self,
        key: &Key,
        update: &str,
        condition: Condition<'_>,
        values: Vec<(&str, AttributeValue)>,
    ) -> Result<Written, Fault> {
        let attempt = self.attempt();
        let mut request = self
            .client
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(key.to_item()))
            .update_expression(format!("{update}, attempt = :attempt"))
            .expression_attribute_values(":attempt", text(&attempt))
            .condition_expression(condition.expression)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (name, value) in condition.values.into_iter().chain(values) {
            request = request.expression_attribute_values(name, value);
        }
        match request.send().await {
            Ok(_) => Ok(Written::Done),
            Err(error) => match met(error) {
                Ok(standing) => Ok(judge(standing, &attempt)),
                Err(fault) => self.settle(key, &attempt, fault).await,
            },
        }
    }

    /// Finds out what became of a write whose answers were all lost: our attempt's id stands in the item if one
    /// of its tries had arrived. Whoever were told of a fault then would try again, and seem to replay.
    pub(crate) async fn settle(&self, key: &Key, attempt: &str, fault: Fault) -> Result<Written, Fault> {
        let Fault::Unavailable { .. } = &fault else { return Err(fault) };
        match self.read(key).await {
            Ok(Some(item)) if string(&item, "attempt").is_some_and(|own| own == attempt) => Ok(Written::Done),
            _ => Err(fault),
        }
    }

    /// Deletes an item, be it there or not, and says whether it was.
    pub(crate) async fn delete(&self, key: &Key) -> Result<bool, Fault> {
        let answer = self
            .client
            .delete_item()
            .table_name(&*self.table)
            .set_key(Some(key.to_item()))
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map_err(|error| fault(&error))?;
        Ok(answer.attributes.is_some_and(|item| !item.is_empty()))
    }

    /// Deletes an item if the condition holds for what stands there, and says whether it did.
    pub(crate) async fn delete_if(&self, key: &Key, condition: Condition<'_>) -> Result<bool, Fault> {
        let mut request = self
            .client
            .delete_item()
            .table_name(&*self.table)
            .set_key(Some(key.to_item()))
            .condition_expression(condition.expression);
        for (name, value) in condition.values {
            request = request.expression_attribute_values(name, value);
        }
        match request.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(context)) if context.err().is_conditional_check_failed_exception() => {
                Ok(false)
            }
            Err(error) => Err(fault(&error)),
        }
    }

    /// One of several writes that are made together: an item, if the condition holds.
    pub(crate) fn put_if(&self, draft: Draft, condition: Condition<'_>) -> Result<TransactWriteItem, Fault> {
        let mut put = Put::builder()
            .table_name(&*self.table)
            .set_item(Some(draft.into_item()))
            .condition_expression(condition.expression);
        for (name, value) in condition.values {
            put = put.expression_attribute_values(name, value);
        }
        let put = put.build().map_err(|error| Fault::broken(TABLE, error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// One of several writes that are made together: attributes of an item change, if the condition holds; without one, whatever
    /// stands there.
    pub(crate) fn changed_if(
        &self,
        key: &Key,
        update: &str,
        condition: Option<Condition<'_>>,
        values: Vec<(&str, AttributeValue)>,
    ) -> Result<TransactWriteItem, Fault> {
        let mut change =
            Update::builder().table_name(&*self.table).set_key(Some(key.to_item())).update_expression(update);
        if let Some(condition) = condition {
            change = change.condition_expression(condition.expression);
            for (name, value) in condition.values {
                change = change.expression_attribute_values(name, value);
            }
        }
        for (name, value) in values {
            change = change.expression_attribute_values(name, value);
        }
        let change = change.build().map_err(|error| Fault::broken(TABLE, error))?;
        Ok(TransactWriteItem::builder().update(change).build())
    }

    /// One of several writes that are made together: an item is gone, if the condition holds; without one, whatever stands there.
    pub(crate) fn gone_if(
        &self,
        key: &Key,
        condition: Option<Condition<'_>>,
    ) -> Result<TransactWriteItem, Fault> {
        let mut delete = Delete::builder().table_name(&*self.table).set_key(Some(key.to_item()));
        if let Some(condition) = condition {
            delete = delete.condition_expression(condition.expression);
            for (name, value) in condition.values {
                delete = delete.expression_attribute_values(name, value);
            }
        }
        let delete = delete.build().map_err(|error| Fault::broken(TABLE, error))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// Makes all of these writes, or none. The SDK gives each transaction a token of its own, so that a retry of one that had arrived
    /// succeeds.
    ///
    /// # Errors
    /// When the table does not answer, or is too busy.
    pub(crate) async fn all_or_nothing(&self, writes: Vec<TransactWriteItem>) -> Result<Together, Fault> {
        let answer = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        match answer {
            Ok(_) => Ok(Together::Done),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => judged(cancelled),
                _ => Err(fault(&error)),
            },
        }
    }

    /// All items of a partition whose sort key begins so, strongly consistent, page by page.
    pub(crate) async fn query(&self, pk: &str, sk_begins_with: &str) -> Result<Vec<Item>, Fault> {
        let mut pages = self.beginning_so(pk, sk_begins_with).into_paginator().items().send();
        let mut items = Vec::new();
        while let Some(item) = pages.next().await {
            items.push(item.map_err(|error| fault(&error))?);
        }
        Ok(items)
    }

    /// The first items of a partition whose sort key begins so, and whether these are all: one call.
    pub(crate) async fn query_some(
        &self,
        pk: &str,
        sk_begins_with: &str,
        most: i32,
    ) -> Result<(Vec<Item>, bool), Fault> {
        let first = self.beginning_so(pk, sk_begins_with).limit(most).send().await;
        let answer = first.map_err(|error| fault(&error))?;
        let are_all = answer.last_evaluated_key.is_none_or(|key| key.is_empty());
        Ok((answer.items.unwrap_or_default(), are_all))
    }

    pub(crate) fn beginning_so(&self, pk: &str, sk_begins_with: &str) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&*self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
            .expression_attribute_values(":pk", text(pk))
            .expression_attribute_values(":sk", text(sk_begins_with))
    }

    /// The keys of all items that an owner has in the index. The index lags behind the table.
    pub(crate) async fn owned(&self, owner: &str, sort_begins_with: &str) -> Result<Vec<Key>, Fault> {
        let mut query = self
            .client
            .query()
            .table_name(&*self.table)
            .index_name("by_owner")
            .key_condition_expression("#owner = :owner")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(owner));
        // DynamoDB takes no empty text for a key.
        if !sort_begins_with.is_empty() {
            query = query
                .key_condition_expression("#owner = :owner AND begins_with(owner_sort, :sort)")
                .expression_attribute_values(":sort", text(sort_begins_with));
        }
        let mut pages = query.into_paginator().items().send();
        let mut keys = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| fault(&error))?;
            if let (Some(pk), Some(sk)) = (string(&item, "pk"), string(&item, "sk")) {
                keys.push(Key::new(pk, sk));
            }
        }
        Ok(keys)
    }
}

/// What stands where the condition of an update does not hold; or the fault, where the update failed otherwise.
pub(crate) fn met(error: SdkError<UpdateItemError, HttpResponse>) -> Result<Item, Fault> {
    match error {
        SdkError::ServiceError(context) if context.err().is_conditional_check_failed_exception() => {
            let UpdateItemError::ConditionalCheckFailedException(failure) = context.into_err() else {
                return Err(Fault::broken(TABLE, "an error changed its kind"));
            };
            Ok(failure.item.unwrap_or_default())
        }
        error => Err(fault(&error)),
    }
}

/// What several writes that are made together met.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Together {
    /// All are made.
    Done,
    /// None is made: the conditions of those at these places do not hold.
    Unmet(Vec<usize>),
    /// None is made: somebody else writes to one of the items at this moment.
    Contended,
}

/// Why a transaction was cancelled: one reason for each of its writes, in their order, `None` for those that were not in the way
/// (Amazon DynamoDB API Reference, `TransactWriteItems`).
fn judged(cancelled: &TransactionCanceledException) -> Result<Together, Fault> {
    let codes: Vec<&str> =
        cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or("None")).collect();
    let other = codes.iter().find(|code| !matches!(**code, "None" | "ConditionalCheckFailed"));
    let unmet: Vec<usize> =
        (0..).zip(&codes).filter(|(_, code)| **code == "ConditionalCheckFailed").map(|(at, _)| at).collect();
    match other {
        Some(&"TransactionConflict") => Ok(Together::Contended),
        None if !unmet.is_empty() => Ok(Together::Unmet(unmet)),
        None => Err(Fault::unavailable(TABLE, "writes were cancelled without a reason")),
        Some(&code @ ("ValidationError" | "ItemCollectionSizeLimitExceeded")) => {
            Err(Fault::broken(TABLE, code))
        }
        // `ThrottlingError`, `ProvisionedThroughputExceeded`: it may be otherwise in a moment.
        Some(code) => Err(Fault::unavailable(TABLE, code)),
    }
}

fn judge(standing: Item, attempt: &str) -> Written {
    let own = string(&standing, "attempt").is_some_and(|earlier| earlier == attempt);
    if own { Written::Done } else { Written::Conflict(standing) }
}

/// The content of an item.
pub(crate) fn body<T: DeserializeOwned>(item: &Item) -> Result<T, Fault> {
    let json = string(item, "body").ok_or_else(|| Fault::broken(TABLE, "an item has no body"))?;
    serde_json::from_str(json).map_err(|error| {
        // The error's own text can quote the content.
        Fault::broken(
            TABLE,
            format!("an item's body cannot be read (line {}, column {})", error.line(), error.column()),
        )
    })
}

/// The JSON text of something of ours.
pub(crate) fn json_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("what we store is JSON")
}

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(format!("{value}"))
}

/// The number that stands in an item's sort key after how that begins; 0 where none does.
pub(crate) fn number_after(beginning: &str, item: &Item) -> u64 {
    let number = string(item, "sk").and_then(|sk| sk.strip_prefix(beginning));
    number.and_then(|number| number.parse().ok()).unwrap_or_default()
}

pub(crate) fn string<'a>(item: &'a Item, name: &str) -> Option<&'a String> {
    item.get(name).and_then(|value| value.as_s().ok())
}

pub(crate) fn integer(item: &Item, name: &str) -> Option<i64> {
    item.get(name).and_then(|value| value.as_n().ok()).and_then(|digits| digits.parse().ok())
}

/// A fault of the table.
pub(crate) fn fault<E: ProvideErrorMetadata + std::error::Error + 'static>(
    error: &SdkError<E, HttpResponse>,
) -> Fault {
    aws::fault(TABLE, error)
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::CancellationReason;

    use super::*;

    fn cancelled(codes: &[&str]) -> Result<Together, Fault> {
        let reasons = codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect();
        judged(&TransactionCanceledException::builder().set_cancellation_reasons(Some(reasons)).build())
    }

    #[test]
    fn writes_whose_conditions_do_not_hold_are_named() {
        let unmet = cancelled(&["ConditionalCheckFailed", "None", "ConditionalCheckFailed"]);
        assert_eq!(unmet.expect("no fault"), Together::Unmet(vec![0, 2]));
    }

    /// Whoever were told that a user name is taken would look for another one.
    #[test]
    fn what_was_cancelled_for_another_reason_is_a_fault_and_no_condition() {
        let contended = cancelled(&["None", "TransactionConflict"]);
        assert_eq!(contended.expect("no fault"), Together::Contended);
        for code in ["ThrottlingError", "ProvisionedThroughputExceeded"] {
            for codes in [&[code, "None"][..], &["ConditionalCheckFailed", code]] {
                assert!(matches!(cancelled(codes), Err(Fault::Unavailable { .. })), "{codes:?}");
            }
        }
        assert!(matches!(cancelled(&["None", "ValidationError"]), Err(Fault::Broken { .. })));
        assert!(matches!(cancelled(&[]), Err(Fault::Unavailable { .. })));
    }
}
