"""``python -m acd.config > acd/config/queues.schema.json`` renews the schema for editors."""

import json
import sys

from acd.config.schema import json_schema

sys.stdout.write(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n")
