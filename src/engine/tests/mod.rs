//! Clients and the server, face to face in virtual time: no socket, no disk, no clock.

mod accounts;
mod attacks;
mod client;
mod compound;
mod directories;
mod durable;
mod hostile;
mod ioctl;
mod leases;
mod leasing;
mod listings;
mod locks;
mod names;
mod notify;
mod oplocks;
mod outside;
mod sessions;
mod signing;
mod simulation;
mod times;
