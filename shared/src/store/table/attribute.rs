//! Values of the domain as DynamoDB's attribute values, for expressions.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::{bearer_token::TokenHash, id::Id, timestamp::Timestamp};

/// A value that an expression can compare with or set.
pub(in crate::store) trait Attribute {
    fn attribute(&self) -> AttributeValue;
}

impl Attribute for str {
    fn attribute(&self) -> AttributeValue {
        AttributeValue::S(self.to_owned())
    }
}

impl Attribute for bool {
    fn attribute(&self) -> AttributeValue {
        AttributeValue::Bool(*self)
    }
}

impl Attribute for u32 {
    fn attribute(&self) -> AttributeValue {
        AttributeValue::N(self.to_string())
    }
}

impl Attribute for u64 {
    fn attribute(&self) -> AttributeValue {
        AttributeValue::N(self.to_string())
    }
}

impl Attribute for Timestamp {
    fn attribute(&self) -> AttributeValue {
        AttributeValue::N(self.seconds().to_string())
    }
}

impl Attribute for [Timestamp] {
    fn attribute(&self) -> AttributeValue {
        AttributeValue::L(self.iter().map(Attribute::attribute).collect())
    }
}

/// A set with one element.
pub(in crate::store) struct StringSet<'a>(pub(in crate::store) &'a str);

impl Attribute for StringSet<'_> {
    fn attribute(&self) -> AttributeValue {
        AttributeValue::Ss(vec![self.0.to_owned()])
    }
}

impl<Kind> Attribute for Id<Kind> {
    fn attribute(&self) -> AttributeValue {
        AttributeValue::S(self.to_string())
    }
}

impl Attribute for TokenHash {
    fn attribute(&self) -> AttributeValue {
        self.as_str().attribute()
    }
}
