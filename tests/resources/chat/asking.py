"""A process that asks questions: `python asking.py URL FOLDER FIRST LAST`, to be killed."""

import sys
from pathlib import Path

from chatting import questions

from resources.chat.client import ChatClient

if __name__ == "__main__":
    url, folder, first, last = sys.argv[1:]
    prices = {"usd_per_m_input": 2.0, "usd_per_m_output": 8.0}
    client = ChatClient(model="m", base_url=url, ledger=Path(folder), **prices)
    print("ready", flush=True)
    client.answer(questions(int(last))[int(first) :])
    client.close()
