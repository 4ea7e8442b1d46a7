//! Breaks whose connection dies before they are answered: they are told again on another channel of the
//! session, or another connection of the client ([MS-SMB2] 3.3.4.6, 3.3.4.7).

use super::Server;
use super::caching::Untold;
use super::connection::ConnectionId;
use crate::vfs::Vfs;

impl<V: Vfs> Server<V> {
    /// A connection is gone: what was told on it and not answered, or was to be told, is told on another.
    pub(super) fn reroute_breaks(&mut self, gone: ConnectionId) {
        let mut from = 0;
        while let Some(id) = self.holders.find_from(from, |holder| {
            holder.connection == gone && (holder.untold.is_some() || holder.breaking.is_some())
        }) {
            from = id.index() + 1;
            let Some(other) = self.reach(id) else {
                continue;
            };
            if let Some(holder) = self.holders.get_mut(id) {
                holder.connection = other;
                if let (None, Some(breaking)) = (holder.untold, holder.breaking) {
                    holder.untold = Some(Untold {
                        from: holder.state,
                        to: breaking.to,
                        answer: true,
                    });
                }
            }
            if let Some(connection) = self.connections.get_mut(other) {
                connection.untold += 1;
            }
            self.wake(other);
        }
    }

    /// Whether a break was told on this connection and is not answered. As long as it is not, somebody waits
    /// for a client that may be gone: the connection should be known to be dead soon.
    pub fn owes_answer(&self, connection: ConnectionId) -> bool {
        self.breaks_running > 0
            && self.holders.iter().any(|(_, holder)| {
                holder.connection == connection
                    && holder.breaking.is_some()
                    && holder.untold.is_none()
            })
    }
}
