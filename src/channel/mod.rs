//! The channel from the runtime to the JavaScript thread: its messages, and the completion of operations.

mod completion;
mod list_sink;
mod message;
mod sender;
mod trace;
mod waker;

pub(crate) use completion::Completion;
pub(crate) use list_sink::{ListChunk, ListSink, ListUpdate};
pub(crate) use message::{InstanceId, Message, OperationId, OutboxRow, Outcome};
pub(crate) use sender::ChannelSender;
pub(crate) use trace::Trace;
pub(crate) use waker::Waker;

/// The channel of one instance.
pub(crate) type Channel = session_ingress_core::channel::Channel<Message, ListChunk>;

/// The deliveries of an instance by way of one folder.
pub(crate) type Deliveries =
    session_ingress_core::delivery::Deliveries<session_ingress_core::http::Client, ChannelSender>;
