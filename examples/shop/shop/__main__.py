"""Runs the shop: `python -m shop`, with its database where SHOP_DATABASE says."""

import os
from pathlib import Path

from shop.app import create_app
from shop.database import Database
from shop.server import serve
from shop.store import Store

PORT = 3000

if __name__ == "__main__":
    database = Database(Path(os.environ.get("SHOP_DATABASE", "shop.db")))
    serve(create_app(Store(database)), PORT)
