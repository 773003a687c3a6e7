"""To be killed: `python -m tests.resources.chat.asking URL FOLDER FIRST LAST` asks questions."""

import sys
from pathlib import Path

from resources.chat.client import ChatClient
from tests.resources.chat.chatting import questions

if __name__ == "__main__":
    url, folder, first, last = sys.argv[1:]
    prices = {"usd_per_m_input": 2.0, "usd_per_m_output": 8.0}
    client = ChatClient(model="m", base_url=url, ledger=Path(folder), **prices)
    print("ready", flush=True)
    client.answer(questions(int(last))[int(first) :])
    client.close()
