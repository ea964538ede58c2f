"""Servers of other tools that cases and scores are exchanged with: one file each."""

from llmops_lab.peers._peer import Peer, peers

__all__ = ["Peer", "peers"]
