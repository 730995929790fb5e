"""Runs the shop with its holes and decoys: `python -m flawed_shop`."""

import os
from pathlib import Path

from shop.__main__ import PORT
from shop.app import create_app
from shop.database import Database
from shop.server import serve
from shop.store import Store

from flawed_shop.decoys import add_decoys
from flawed_shop.description import add_description
from flawed_shop.holes import add_holes

if __name__ == "__main__":
    database = Database(Path(os.environ.get("SHOP_DATABASE", "shop.db")))
    store = Store(database)
    application = create_app(store)
    add_holes(application, store, database)
    add_decoys(application, store)
    add_description(application)
    serve(application, PORT)
