#!/usr/bin/env python3
"""Reads one mail with Python's own parser and prints as JSON what it holds: a second opinion on what we write."""

import email
import email.policy
import json
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
    else:
        found["text"] = one.get_payload(decode=True).decode("utf-8")
    return found


headers = {}
for name, value in message.items():
    headers.setdefault(name, []).append(str(value))
defects = [str(defect) for value in message.values() for defect in value.defects]
print(json.dumps({"headers": headers, "defects": defects, "body": part(message)}))
