#!/usr/bin/env python3
"""Reads one mail with Python's own parser and prints as JSON what it holds: a second opinion on what we write."""

import email
import email.policy
import json
import struct
import sys

with open(sys.argv[1], "rb") as file:
    message = email.message_from_binary_file(file, policy=email.policy.default)


def part(one):
    """Type, parameters, file name and text of a part, and the parts in it."""
    found = {"type": one.get_content_type(), "defects": [str(defect) for defect in one.defects]}
    found["method"] = one.get_param("method")
    found["file"] = one.get_filename()
    if one.is_multipart():
        found["parts"] = [part(inner) for inner in one.iter_parts()]
    elif one.get_content_maintype() == "image":
        image = one.get_payload(decode=True)
        found["cid"] = one["Content-ID"]
        found["disposition"] = one.get_content_disposition()
        # PNG: its magic, then width and height in the first chunk (RFC 2083, 12.11).
        found["png"] = [image[:8] == b"\x89PNG\r\n\x1a\n", *struct.unpack(">II", image[16:24]), len(image)]
    else:
        found["text"] = one.get_payload(decode=True).decode("utf-8")
    return found


headers = {}
for name, value in message.items():
    headers.setdefault(name, []).append(str(value))
defects = [str(defect) for value in message.values() for defect in value.defects]
longest = max(len(line) for line in open(sys.argv[1], "rb").read().split(b"\n"))
print(json.dumps({"longest": longest, "headers": headers, "defects": defects, "body": part(message)}))
