//! The names and what they lead to.

use super::data::Data;
use super::{Error, FileTime, Kind, SharePath, name};
use crate::wire::utf16::fold;
use std::collections::{BTreeMap, BTreeSet};

/// A file or directory. It stays for as long as the store does, whether a name is left or not.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub directory: bool,
    pub data: Data,
    pub streams: BTreeMap<Vec<u8>, Vec<u8>>,
    pub extended: BTreeMap<Vec<u8>, Vec<u8>>,
    pub security: Option<Vec<u8>>,
    pub reparse: Option<Vec<u8>>,
    pub attributes: u32,
    pub compressed: bool,
    pub links: u32,
    /// Creation, access, write, change.
    pub times: [FileTime; 4],
    /// A directory's names as a client tells them apart, and in the order they came.
    children: BTreeMap<Vec<u32>, usize>,
    order: BTreeSet<usize>,
    /// A directory's own name.
    name: Option<usize>,
}

/// A name. A rename changes it in place, so that whoever holds it sees where it went.
#[derive(Clone, Debug)]
struct Name {
    parent: usize,
    text: Vec<u8>,
    node: usize,
    alive: bool,
}

#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    names: Vec<Name>,
}

/// What a path leads to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reached {
    pub node: usize,
    pub name: Option<usize>,
}

fn folded(component: &[u8]) -> Vec<u32> {
    name::Shown::new(component).map(fold).collect()
}

impl Tree {
    pub fn add_node(&mut self, directory: bool, attributes: u32, now: FileTime) -> usize {
        self.nodes.push(Node {
            directory,
            data: Data::default(),
            streams: BTreeMap::new(),
            extended: BTreeMap::new(),
            security: None,
            reparse: None,
            attributes,
            compressed: false,
            links: 1,
            times: [now; 4],
            children: BTreeMap::new(),
            order: BTreeSet::new(),
            name: None,
        });
        self.nodes.len() - 1
    }

    pub fn node(&self, node: usize) -> &Node {
        &self.nodes[node]
    }

    pub fn node_mut(&mut self, node: usize) -> &mut Node {
        &mut self.nodes[node]
    }

    pub fn kind(&self, node: usize) -> Kind {
        if self.nodes[node].directory {
            Kind::Directory
        } else {
            Kind::File
        }
    }

    /// The directory that holds the path's last component, and that component; `None` for the root.
    pub fn parent<'p>(
        &self,
        root: usize,
        path: &'p [u8],
    ) -> Result<Option<(usize, &'p [u8])>, Error> {
        if path.is_empty() {
            return Ok(None);
        }
        let mut here = root;
        let mut components = path.split(|&byte| byte == b'/').peekable();
        while let Some(component) = components.next() {
            if matches!(component, b"" | b"." | b"..") || component.contains(&0) {
                return Err(Error::Invalid);
            }
            if components.peek().is_none() {
                return Ok(Some((here, component)));
            }
            here = self
                .child(here, component)
                .map(|name| self.names[name].node)
                .ok_or(Error::PathNotFound)?;
            if !self.nodes[here].directory {
                return Err(Error::PathNotFound);
            }
        }
        Err(Error::Invalid)
    }

    pub fn find(&self, root: usize, path: SharePath<'_>) -> Result<Reached, Error> {
        match self.parent(root, path.path)? {
            None => Ok(Reached {
                node: root,
                name: None,
            }),
            Some((parent, leaf)) => {
                let name = self.child(parent, leaf).ok_or(Error::NotFound)?;
                Ok(Reached {
                    node: self.names[name].node,
                    name: Some(name),
                })
            }
        }
    }

    /// The name in a directory that is `leaf` but for case.
    pub fn child(&self, directory: usize, leaf: &[u8]) -> Option<usize> {
        self.nodes[directory].children.get(&folded(leaf)).copied()
    }

    pub fn target(&self, name: usize) -> usize {
        self.names[name].node
    }

    /// The directory a name stands in, or stood in last.
    pub fn holder(&self, name: usize) -> usize {
        self.names[name].parent
    }

    pub fn alive(&self, name: usize) -> bool {
        self.names[name].alive
    }

    pub fn text(&self, name: usize) -> &[u8] {
        &self.names[name].text
    }

    /// Gives a node a name in a directory where none like it is.
    pub fn add_name(&mut self, parent: usize, leaf: &[u8], node: usize) -> usize {
        let name = self.names.len();
        self.names.push(Name {
            parent,
            text: leaf.to_vec(),
            node,
            alive: true,
        });
        self.attach(name);
        name
    }

    fn attach(&mut self, name: usize) {
        let Name {
            parent,
            ref text,
            node,
            ..
        } = self.names[name];
        let key = folded(text);
        self.nodes[parent].children.insert(key, name);
        self.nodes[parent].order.insert(name);
        if self.nodes[node].directory {
            self.nodes[node].name = Some(name);
        }
    }

    fn detach(&mut self, name: usize) {
        let Name {
            parent, ref text, ..
        } = self.names[name];
        let key = folded(text);
        self.nodes[parent].children.remove(&key);
        self.nodes[parent].order.remove(&name);
    }

    pub fn remove_name(&mut self, name: usize) {
        self.detach(name);
        self.names[name].alive = false;
        let node = self.names[name].node;
        self.nodes[node].links = self.nodes[node].links.saturating_sub(1);
    }

    pub fn move_name(&mut self, name: usize, parent: usize, leaf: &[u8]) {
        self.detach(name);
        self.names[name].parent = parent;
        self.names[name].text = leaf.to_vec();
        self.attach(name);
    }

    /// Whether `inner` is `outer` or lies within it.
    pub fn within(&self, inner: usize, outer: usize) -> bool {
        let mut here = inner;
        loop {
            if here == outer {
                return true;
            }
            match self.nodes[here].name {
                Some(name) => here = self.names[name].parent,
                None => return false,
            }
        }
    }

    /// The components of a name's path, the last first.
    pub fn climb(&self, name: Option<usize>) -> Vec<&[u8]> {
        let mut components = Vec::new();
        let mut next = name;
        while let Some(name) = next {
            components.push(self.names[name].text.as_slice());
            next = self.nodes[self.names[name].parent].name;
        }
        components
    }

    /// A directory's names from the one numbered `from`.
    pub fn names_from(&self, directory: usize, from: usize) -> impl Iterator<Item = usize> {
        self.nodes[directory].order.range(from..).copied()
    }

    pub fn is_empty(&self, directory: usize) -> bool {
        self.nodes[directory].order.is_empty()
    }
}
