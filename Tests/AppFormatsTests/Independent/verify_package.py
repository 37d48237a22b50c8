"""Verifies an evidence package, written from Docs/EvidencePackage.md alone.

Hashes by hashlib (SM3 through OpenSSL), signatures by the openssl command. Usage: verify_package.py PACKAGE ANCHORS
Exit code 0: valid; 1: not valid, with the failed check.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile


class Failed(Exception):
    pass


def need(condition, check):
    if not condition:
        raise Failed(check)


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        need(self.at + count <= len(self.data), "truncated bytes")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, count):
        return int.from_bytes(self.take(count), "little")

    def uleb(self):
        value, shift = 0, 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                need(byte != 0 or shift == 0, "over-long number")
                return value
            shift += 7
            need(shift < 35, "over-long number")

    def bytes(self):
        return self.take(self.uleb())

    def text(self):
        return self.bytes().decode("utf-8")

    def flag(self):
        value = self.take(1)[0]
        need(value in (0, 1), "boolean")
        return value == 1

    def option(self, read):
        return read() if self.flag() else None

    def list(self, read):
        return [read() for _ in range(self.uleb())]

    def end(self):
        need(self.at == len(self.data), "trailing bytes")


def uleb(value):
    out = b""
    while True:
        byte, value = value & 0x7F, value >> 7
        if not value:
            return out + bytes([byte])
        out += bytes([byte | 0x80])


def u64(value):
    return value.to_bytes(8, "little")


def text(value):
    data = value.encode("utf-8")
    return uleb(len(data)) + data


def blob(data):
    return uleb(len(data)) + data


def named_digest(reader):
    return (reader.text(), reader.bytes())


def token(reader):
    return (reader.take(32), named_digest(reader), reader.number(8))


class Verifier:
    def __init__(self, package, anchors):
        self.p = package
        found = [a for a in anchors["anchors"] if a["chain"] == package["chain"]]
        need(package["format"] == "yuchain-evidence-package/1", "format")
        need(found and found[0]["genesisID"] == package["genesisID"] and found[0]["suite"] == package["suite"], "anchor")
        self.anchor = found[0]
        self.guomi = package["suite"] == "guomi"
        self.genesis = bytes.fromhex(package["genesisID"])

    def hash(self, data):
        return hashlib.new("sm3" if self.guomi else "sha256", data).digest()

    def tagged(self, tag, value):
        return self.hash(text("YUCHAIN/1/" + tag) + self.genesis + value)

    def signed(self, key, signature, digest):
        with tempfile.TemporaryDirectory() as folder:
            if self.guomi:
                info = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004") + key

                def integer(data):
                    data = data.lstrip(b"\0")
                    if not data or data[0] >= 0x80:
                        data = b"\0" + data
                    return bytes([2, len(data)]) + data

                body = integer(signature[:32]) + integer(signature[32:])
                signature = bytes([0x30, len(body)]) + body
            else:
                info = bytes.fromhex("302a300506032b6570032100") + key
            pem = "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n" % base64.b64encode(info).decode()
            for name, data in (("k", pem.encode()), ("s", signature), ("m", digest)):
                with open(os.path.join(folder, name), "wb") as file:
                    file.write(data)
            if self.guomi:
                command = "openssl dgst -sm3 -verify k -sigopt distid:1234567812345678 -signature s m"
            else:
                command = "openssl pkeyutl -verify -pubin -inkey k -rawin -in m -sigfile s"
            return subprocess.run(command.split(), cwd=folder, capture_output=True).returncode == 0

    def path(self, leaf_data, form, root, check):
        """RFC 9162, 2.1.3.2."""
        index, size = form["index"], form["size"]
        need(index < size, check)
        fn, sn, r = index, size - 1, self.hash(b"\0" + leaf_data)
        for item in form["path"]:
            p = bytes.fromhex(item)
            need(sn != 0, check)
            if fn & 1 or fn == sn:
                r = self.hash(b"\1" + p + r)
                while not fn & 1 and fn:
                    fn, sn = fn >> 1, sn >> 1
            else:
                r = self.hash(b"\1" + r + p)
            fn, sn = fn >> 1, sn >> 1
        need(sn == 0 and r == root, check)

    def record(self, form, contract, table, key, root, check):
        full = text(contract) + text(table) + key
        need(bytes.fromhex(form["key"]) == full, check)
        path = self.hash(full)
        siblings = [bytes.fromhex(s) for s in form["proof"]["siblings"]]
        empty = b"SPARSE_MERKLE_PLACEHOLDER_HASH__"
        need(len(siblings) <= 256 and (not siblings or siblings[0] != empty), check)
        bit = lambda data, depth: data[depth // 8] >> (7 - depth % 8) & 1
        end = form["proof"]["end"]
        value = bytes.fromhex(form["value"]) if "value" in form else None
        if value is not None:
            need(end == "present", check)
            node = self.hash(b"JMT::LeafNode" + path + self.hash(value))
        elif end == "empty":
            node = empty
        else:
            need(end == "otherLeaf", check)
            other = bytes.fromhex(form["proof"]["keyHash"])
            need(other != path and all(bit(other, d) == bit(path, d) for d in range(len(siblings))), check)
            node = self.hash(b"JMT::LeafNode" + other + bytes.fromhex(form["proof"]["valueHash"]))
        for place, sibling in enumerate(siblings):
            right = bit(path, len(siblings) - 1 - place)
            node = self.hash(b"JMT::IntrnalNode" + (sibling + node if right else node + sibling))
        need(node == root, check)
        return value

    def header(self, h):
        return (
            text(h["chain"]) + u64(h["height"]) + bytes.fromhex(h["parent"]) + u64(h["time"])
            + bytes.fromhex(h["proposer"]) + bytes.fromhex(h["transactionsRoot"])
        )

    def handovers(self):
        """The set that must have signed the certificate."""
        known, last, check = self.anchor["validators"], None, "validators"
        if "handovers" in self.p:
            need(1 <= len(self.p["handovers"]) <= 256, check)
        for entry in self.p.get("handovers", []):
            c, following = entry["certificate"]["checkpoint"], entry["next"]
            need(last is None or c["height"] > last, check)
            need(following["generation"] == known["generation"] + 1 and following["rule"] == known["rule"], check)
            members = following["members"]
            keys = [bytes.fromhex(m["key"]) for m in members]
            need(1 <= len(members) <= 128 and all(m["weight"] > 0 for m in members), check)
            need(all(a < b for a, b in zip(keys, keys[1:])), check)
            encoded = u64(following["generation"]) + uleb(("moreThanHalf", "moreThanTwoThirds").index(following["rule"]))
            encoded += uleb(len(members))
            for key, m in zip(keys, members):
                encoded += blob(key) + u64(m["weight"]) + text(m["organisation"])
            need(self.tagged("ValidatorSet", encoded).hex() == c["validatorSetHash"], check)
            self.certificate(entry["certificate"], known, check)
            known, last = following, c["height"]
        form = self.p["certificate"]
        need(form["generation"] == known["generation"], check)
        need(last is None or form["checkpoint"]["height"] > last, check)
        return known

    def certificate(self, form, validators, check):
        c = form["checkpoint"]
        need(c["chain"] == self.p["chain"] and form["generation"] == validators["generation"], check)
        bitmap, members = bytes.fromhex(form["bitmap"]), validators["members"]
        need(len(bitmap) == (len(members) + 7) // 8, check)
        signers = [i for i in range(len(bitmap) * 8) if bitmap[i // 8] & (0x80 >> i % 8)]
        need(all(i < len(members) for i in signers) and len(signers) == len(form["signatures"]), check)
        weight, total = sum(members[i]["weight"] for i in signers), sum(m["weight"] for m in members)
        need(2 * weight > total if validators["rule"] == "moreThanHalf" else 3 * weight > 2 * total, check)
        digest = self.tagged(
            "Checkpoint",
            text(c["chain"]) + u64(c["height"])
            + b"".join(bytes.fromhex(c[k]) for k in ("blockID", "stateRoot", "receiptsRoot", "historyRoot", "validatorSetHash")),
        )
        for signer, signature in zip(signers, form["signatures"]):
            need(self.signed(bytes.fromhex(members[signer]["key"]), bytes.fromhex(signature), digest), check)
        return c

    def history(self, form, c, check):
        leaf = form["leaf"]
        data = u64(leaf["height"]) + b"".join(bytes.fromhex(leaf[k]) for k in ("blockID", "stateRoot", "receiptsRoot"))
        need(form["path"]["index"] == leaf["height"] and form["path"]["size"] == c["height"], check)
        self.path(data, form["path"], bytes.fromhex(c["historyRoot"]), check)
        return leaf

    def run(self):
        p = self.p
        self.validators = self.handovers()
        c = self.certificate(p["certificate"], self.validators, "certificate")
        pinned = self.anchor.get("pinned")
        if pinned and pinned["height"] != c["height"]:
            need("pin" in p, "pinned block")
            leaf = self.history(p["pin"], c, "pinned block")
            need((leaf["height"], leaf["blockID"]) == (pinned["height"], pinned["blockID"]), "pinned block")
        else:
            need("pin" not in p and (not pinned or pinned["blockID"] == c["blockID"]), "pinned block")
        header = p["deposit"]["header"]
        block = self.tagged("BlockHeader", self.header(header)).hex()
        need(header["chain"] == p["chain"], "block")
        if "history" in p:
            leaf = self.history(p["history"], c, "block")
            need(leaf["height"] == header["height"] and leaf["blockID"] == block, "block")
            receipts = bytes.fromhex(leaf["receiptsRoot"])
        else:
            need(header["height"] == c["height"] and c["blockID"] == block, "block")
            receipts = bytes.fromhex(c["receiptsRoot"])
        sender, call, transaction = self.transaction(header)
        self.receipt(receipts, transaction)
        item = self.item(c, call)
        custody = self.custody(c, item)
        account = self.depositor(c, sender, item)
        self.filing = self.filed(c)
        self.file(item)
        self.report(c, item, custody, account, transaction, call)

    def transaction(self, header):
        reader = Reader(bytes.fromhex(self.p["deposit"]["transaction"]))
        need(reader.number(2) == 1 and reader.text() == self.p["chain"], "transaction")
        sender = reader.take(32)
        need(reader.text() == "evidence" and reader.text() == "deposit", "transaction")
        arguments = reader.bytes()
        reader.number(8), reader.number(8)
        unsigned = reader.data[: reader.at]
        key, signature = reader.bytes(), reader.take(64)
        reader.end()
        id = self.tagged("Transaction", unsigned)
        root = bytes.fromhex(header["transactionsRoot"])
        self.path(id + self.hash(blob(key) + signature), self.p["deposit"]["transactionPath"], root, "transaction")
        need(self.signed(key, signature, id), "signature")
        reader = Reader(arguments)
        call = {
            "digests": reader.list(lambda: named_digest(reader)), "salted": reader.flag(), "size": reader.number(8),
            "mediaType": reader.text(), "origin": reader.option(lambda: reader.take(32)), "nonce": reader.take(32),
        }
        reader.option(lambda: token(reader))
        reader.end()
        return sender, call, id

    def receipt(self, root, transaction):
        data = bytes.fromhex(self.p["deposit"]["receipt"])
        self.path(data, self.p["deposit"]["receiptPath"], root, "receipt")
        reader = Reader(data)
        need(reader.take(32) == transaction and reader.uleb() == 0, "receipt")
        reader.text(), reader.text()
        reader.list(lambda: (reader.text(), reader.text(), reader.bytes()))
        need(reader.bytes().hex() == self.p["evidenceID"], "receipt")
        reader.take(24)
        reader.end()

    def item(self, c, call):
        id = bytes.fromhex(self.p["evidenceID"])
        value = self.record(self.p["item"], "evidence", "items", id, bytes.fromhex(c["stateRoot"]), "item")
        need(value is not None, "item")
        r = Reader(value)
        item = {"state": r.text()}
        r.text(), r.number(8), r.number(8)
        item.update(
            digests=r.list(lambda: named_digest(r)), salted=r.flag(), size=r.number(8), mediaType=r.text(),
            origin=r.option(lambda: r.take(32)), depositor=r.text(), holder=r.text(), offeree=r.option(r.text),
            token=r.option(lambda: token(r)),
        )
        r.end()
        need(all(item[k] == call[k] for k in ("digests", "salted", "size", "mediaType", "origin")), "item")
        self.own = dict(item["digests"]).get("sm3" if self.guomi else "sha256")
        need(self.own is not None, "item")
        need(self.tagged("Evidence", text(item["depositor"]) + self.own + call["nonce"]) == id, "evidence id")
        return item

    def custody(self, c, item):
        id, entries, previous = bytes.fromhex(self.p["evidenceID"]), [], bytes(32)
        for number, form in enumerate(self.p["custody"], 1):
            key = id + number.to_bytes(8, "big")
            value = self.record(form, "evidence", "custody", key, bytes.fromhex(c["stateRoot"]), "custody")
            last = number == len(self.p["custody"])
            need((value is None) == last, "custody")
            if last:
                break
            r = Reader(value)
            entry = {"from": r.option(r.text), "to": r.text(), "reason": r.text()}
            named_digest(r)
            entry["time"] = r.number(8)
            need(r.take(32) == previous and entry["from"] == (entries[-1]["to"] if entries else None), "custody")
            r.end()
            previous = self.tagged("CustodyEntry", value)
            entries.append(entry)
        need(entries and entries[0]["to"] == item["depositor"] and entries[-1]["to"] == item["holder"], "custody")
        return entries

    def depositor(self, c, sender, item):
        value = self.record(self.p["depositor"], "identity", "members", sender, bytes.fromhex(c["stateRoot"]), "depositor")
        need(value is not None, "depositor")
        r = Reader(value)
        need(r.take(32) == sender and r.text() == item["depositor"], "depositor")
        r.text(), r.bytes(), r.bytes(), r.take(16), r.uleb()
        r.end()
        return sender.hex()

    def filed(self, c):
        form = self.p.get("filing")
        if not form:
            return None
        prefix, key = text("directory") + text("catalogue"), bytes.fromhex(form["key"])
        need(key.startswith(prefix) and len(key) > len(prefix), "filing")
        value = self.record(form, "directory", "catalogue", key[len(prefix):], bytes.fromhex(c["stateRoot"]), "filing")
        need(value is not None, "filing")
        r = Reader(value)
        state, owner = r.text(), r.text()
        r.number(8), r.number(8)
        kind, title, _, number = r.uleb(), r.text(), r.text(), r.option(r.text)
        r.take(32)
        r.end()
        need(state == "listed" and kind == 1 and number is not None, "filing")
        return f"平台备案：{title}，备案号 {number}（由 {owner} 在链上登记，以主管部门公示为准）"

    def file(self, item):
        file = self.p.get("file")
        if file:
            data, salt = bytes.fromhex(file["bytes"]), bytes.fromhex(file.get("salt", ""))
            need(bool(salt) == item["salted"], "file")
            for name, digest in item["digests"]:
                need(name not in ("sm3", "sha256") or hashlib.new(name, salt + data).digest() == digest, "file")
            need(len(data) == item["size"], "file")
        if "origin" in self.p:
            need(self.hash(bytes.fromhex(self.p["origin"])) == item["origin"], "origin")

    def report(self, c, item, custody, account, transaction, call):
        p, header = self.p, self.p["deposit"]["header"]
        missing = ([] if self.filing else ["platform-filing"]) + ["code-and-audit-digests", "incidents"]
        missing.append("time-stamp-token-signature" if item["token"] else "time-stamp-token")
        if "origin" not in p:
            missing.append("origin")
        need(p["missing"] == missing, "missing")
        names = {
            "platform-filing": "平台备案信息", "code-and-audit-digests": "合约代码与审计报告摘要", "incidents": "安全事件记录",
            "time-stamp-token": "可信时间戳（未附）", "time-stamp-token-signature": "时间戳令牌的签名核验（仅比对了摘要与时间）",
            "origin": "上链前的来源说明",
        }
        lines = [
            "电子证据核验报告",
            f"链：{p['chain']}\u3000创世标识：{p['genesisID']}",
            f"证据编号：{p['evidenceID']}",
            f"存证交易：{transaction.hex()}",
            f"存证单位：{item['depositor']}（经办账户 {account}）",
            f"存证时间：{china(header['time'])}（区块高度 {header['height']}）",
            f"文件：{item['mediaType']}，{item['size']} 字节" + ("，摘要加盐" if item["salted"] else ""),
        ]
        if "file" in p:
            lines.append(f"随附文件：{p['file']['name']}")
        lines += [f"摘要（{name}）：{value.hex()}" for name, value in item["digests"]]
        if item["token"]:
            lines.append(f"时间戳时间：{china(item['token'][2])}")
        for number, entry in enumerate(custody, 1):
            change = f"由 {entry['from']} 移交 {entry['to']}" if entry["from"] else f"{entry['to']} 存入"
            lines.append(f"保管记录 {number}：{china(entry['time'])} {change}（{entry['reason']}）")
        lines.append(f"当前持有单位：{item['holder']}\u3000状态：{item['state']}")
        members, bitmap = self.validators["members"], bytes.fromhex(p["certificate"]["bitmap"])
        signers = [m for i, m in enumerate(members) if bitmap[i // 8] & (0x80 >> i % 8)]
        organisations = "、".join(sorted({m["organisation"] for m in signers}))
        lines.append(f"见证：高度 {c['height']} 由 {len(members)} 个验证节点中的 {len(signers)} 个签名，所属单位：{organisations}")
        runs = any(m["organisation"] == item["depositor"] for m in members)
        lines.append(f"存证单位是否运行验证节点：{'是' if runs else '否'}")
        if self.filing:
            lines.append(self.filing)
        lines.append("结论：自存证时间起，上述摘要对应的数据未被篡改。本报告不证明数据在存证之前真实。")
        lines.append("未能证明的事项：" + "；".join(names[m] for m in missing))
        need(p["report"] == lines, "report")


def china(milliseconds):
    import datetime

    t = datetime.datetime.fromtimestamp(milliseconds // 1000, datetime.timezone(datetime.timedelta(hours=8)))
    return f"{t.year}年{t.month}月{t.day}日 {t:%H:%M:%S}"


if __name__ == "__main__":
    try:
        with open(sys.argv[1], encoding="utf-8") as file:
            package = json.load(file)
        with open(sys.argv[2], encoding="utf-8") as file:
            anchors = json.load(file)
        Verifier(package, anchors).run()
    except Failed as failure:
        print("not valid:", failure)
        sys.exit(1)
    print("valid")
