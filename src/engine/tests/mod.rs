//! Clients and the server, face to face in virtual time: no socket, no disk, no clock.

mod attacks;
mod client;
mod compound;
mod durable;
mod hostile;
mod leases;
mod locks;
mod notify;
mod oplocks;
mod sessions;
mod signing;
mod times;
