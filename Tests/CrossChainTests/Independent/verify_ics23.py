"""Verifies ICS-23 proofs of Jellyfish Merkle trees, written from the rules of ICS-23 alone.

Usage: verify_ics23.py FILE, where FILE is a JSON list of {"root", "key", "value", "proof"} in hexadecimal; no "value" = absence is asked.
Prints a line for each: "valid", or "invalid: " and the failed rule. Protobuf is read as its specification allows, not more strictly.
"""

import hashlib
import json
import sys

LEAF = b"JMT::LeafNode"
NODE = b"JMT::IntrnalNode"
EMPTY = b"SPARSE_MERKLE_PLACEHOLDER_HASH__"
CHILD = 32
MAX_DEPTH = 64


class Invalid(Exception):
    pass


def need(condition, rule):
    if not condition:
        raise Invalid(rule)


def sha256(data):
    return hashlib.sha256(data).digest()


def varint(data, at):
    value = shift = 0
    while True:
        need(at < len(data) and shift < 70, "protobuf varint")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value & (2**64 - 1), at


def message(data):
    """All fields of a message: number -> list of values."""
    fields, at = {}, 0
    while at < len(data):
        tag, at = varint(data, at)
        number, wire = tag >> 3, tag & 7
        need(number > 0, "protobuf field number")
        if wire == 0:
            value, at = varint(data, at)
        elif wire == 2:
            length, at = varint(data, at)
            need(at + length <= len(data), "protobuf length")
            value, at = data[at : at + length], at + length
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
            need(at + length <= len(data), "protobuf length")
            value, at = data[at : at + length], at + length
        else:
            raise Invalid("protobuf wire type")
        fields.setdefault(number, []).append((wire, value))
    return fields


def last(fields, number, wire, default):
    values = [value for kind, value in fields.get(number, []) if kind == wire]
    return values[-1] if values else default


class Existence:
    def __init__(self, data):
        fields = message(data)
        self.key = last(fields, 1, 2, b"")
        self.value = last(fields, 2, 2, b"")
        leaf = last(fields, 3, 2, None)
        need(leaf is not None, "leaf operation is missing")
        leaf = message(leaf)
        self.leaf = tuple(last(leaf, number, 0, 0) for number in (1, 2, 3, 4))
        self.leaf_prefix = last(leaf, 5, 2, b"")
        self.path = []
        for kind, step in fields.get(4, []):
            need(kind == 2, "inner operation")
            step = message(step)
            self.path.append((last(step, 1, 0, 0), last(step, 2, 2, b""), last(step, 3, 2, b"")))

    def root(self):
        need(self.key and self.value, "key and value are not empty")
        need(self.leaf == (1, 1, 1, 0), "leaf: SHA-256 over SHA-256 of key and value, without lengths")
        need(self.leaf_prefix.startswith(LEAF), "leaf prefix")
        need(len(self.path) <= MAX_DEPTH, "depth")
        node = sha256(self.leaf_prefix + sha256(self.key) + sha256(self.value))
        for operation, prefix, suffix in self.path:
            need(operation == 1, "inner: SHA-256")
            need(not prefix.startswith(LEAF), "inner prefix is that of a leaf")
            need(len(NODE) <= len(prefix) <= len(NODE) + CHILD, "inner prefix length")
            need(len(suffix) % CHILD == 0, "inner suffix length")
            node = sha256(prefix + node + suffix)
        return node

    def verify(self, root):
        need(self.root() == root, "root")


def is_left(step):
    return len(step[1]) == len(NODE) and len(step[2]) == CHILD


def is_right(step):
    return len(step[1]) == len(NODE) + CHILD and len(step[2]) == 0


def is_first(path):
    return all(is_left(step) or is_right(step) and step[1][len(NODE) :] == EMPTY for step in path)


def is_last(path):
    return all(is_right(step) or is_left(step) and step[2] == EMPTY for step in path)


def are_neighbours(left, right):
    left, right = list(left), list(right)
    while left and right:
        low, high = left.pop(), right.pop()
        if low[1:] == high[1:]:
            continue
        return is_left(low) and is_right(high) and is_last(left) and is_first(right)
    return False


def verify(case):
    root, key = bytes.fromhex(case["root"]), bytes.fromhex(case["key"])
    proof = message(bytes.fromhex(case["proof"]))
    if "value" in case:
        need(1 in proof, "existence proof")
        exist = Existence(last(proof, 1, 2, b""))
        exist.verify(root)
        need(exist.key == key, "key")
        need(exist.value == bytes.fromhex(case["value"]), "value")
        return
    need(2 in proof, "non-existence proof")
    absent = message(last(proof, 2, 2, b""))
    left, right = last(absent, 2, 2, None), last(absent, 3, 2, None)
    need(left is not None or right is not None, "a neighbour")
    if left is not None:
        left = Existence(left)
        left.verify(root)
        need(sha256(left.key) < sha256(key), "left neighbour's place")
    if right is not None:
        right = Existence(right)
        right.verify(root)
        need(sha256(key) < sha256(right.key), "right neighbour's place")
    if left is None:
        need(is_first(right.path), "right neighbour is the first leaf")
    elif right is None:
        need(is_last(left.path), "left neighbour is the last leaf")
    else:
        need(are_neighbours(left.path, right.path), "neighbours")


for case in json.load(open(sys.argv[1])):
    try:
        verify(case)
        print("valid")
    except Invalid as rule:
        print("invalid: %s" % rule)
