"""FastAPI with pydantic models; uvicorn runs it with uvloop and httptools, one worker.

uvicorn app:app --host 127.0.0.1 --port PORT --loop uvloop --http httptools --no-access-log
"""

from typing import List, Optional

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Extra, conint, conlist, constr, confloat


class Model(BaseModel):
    class Config:
        extra = Extra.forbid


class Customer(Model):
    name: constr(min_length=1, max_length=80)
    email: constr(min_length=3, max_length=254)
    phone: Optional[constr(max_length=40)] = None


class Item(Model):
    sku: constr(min_length=1, max_length=40)
    name: constr(min_length=1, max_length=80)
    quantity: conint(ge=1, le=1000)
    unit_price_cents: conint(ge=0, le=100_000_000)


class Shipping(Model):
    street: constr(min_length=1, max_length=120)
    city: constr(min_length=1, max_length=80)
    postal_code: constr(min_length=1, max_length=16)
    country: constr(min_length=2, max_length=2)


class Order(Model):
    id: constr(min_length=36, max_length=36)
    customer: Customer
    items: conlist(Item, min_items=1, max_items=50)
    shipping: Shipping
    discount: confloat(ge=0, le=1)
    gift: bool
    note: Optional[constr(max_length=500)] = None


app = FastAPI()


@app.get("/plaintext", response_class=PlainTextResponse)
async def plaintext():
    return "Hello, World!"


@app.post("/orders")
async def add_order(order: Order) -> Order:
    return order
