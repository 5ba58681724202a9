"""PYTHONPATH=../../sdk/python python3 -m unittest discover tests -t ."""

import unittest

from app import handle
from faas import Request


class ApiTest(unittest.TestCase):
    def test_orders_have_a_total(self) -> None:
        answer = handle(Request("POST", "/orders", body=b'{"items": [{"count": 2, "cents": 150}]}'))
        self.assertEqual(answer.status, 201)
        self.assertIn(b'"total_cents": 300', answer.body)

    def test_what_is_no_order_is_refused(self) -> None:
        for body in (b"", b"[]", b'{"items": [{}]}'):
            self.assertEqual(handle(Request("POST", "/orders", body=body)).status, 400)

    def test_parts_of_a_path(self) -> None:
        self.assertEqual(handle(Request(target="/users/7")), {"id": 7})


if __name__ == "__main__":
    unittest.main()
