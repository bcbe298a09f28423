"""A service hands on the context of a request as W3C Trace Context level 2 and W3C Baggage say, over real HTTP.
Usage: propagation_test.py PROPAGATION_SERVER
"""

import re
import sys
import unittest

from calls import Propagation, values

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
FORMAT = re.compile(r"00-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})")


class PropagationTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = cls.enterClassContext(Propagation(PROGRAM))

    def hand_on(self, *headers):
        """(trace id, parent id, flags), tracestate, baggage of the call."""
        called = self.service.send(headers)[0]
        traceparent = values(called, "traceparent")
        self.assertEqual(len(traceparent), 1, traceparent)
        found = FORMAT.fullmatch(traceparent[0])
        self.assertTrue(found, traceparent)
        self.assertNotEqual(int(found["trace"], 16), 0)
        self.assertNotEqual(int(found["parent"], 16), 0)
        return found.groups(), ",".join(values(called, "tracestate")), ",".join(values(called, "baggage"))

    def continues(self, *headers):
        (trace, parent, flags), tracestate, _ = self.hand_on(*headers)
        self.assertEqual(trace, TRACE, headers)
        self.assertNotEqual(parent, PARENT)
        return flags, tracestate

    def begins_anew(self, *headers):
        (trace, _, _), tracestate, _ = self.hand_on(*headers)
        self.assertNotEqual(trace, TRACE, headers)
        self.assertEqual(tracestate, "", headers)

    def state(self, *headers):
        return self.continues(("traceparent", TRACEPARENT), *(("tracestate", header) for header in headers))[1]

    def baggage(self, *headers):
        return self.hand_on(*(("baggage", header) for header in headers))[2]


class TraceparentTest(PropagationTest):
    def test_a_trace_goes_on_whatever_the_case_of_the_name(self):
        for name in ("traceparent", "Traceparent", "TRACEPARENT", "tRaCePaReNt"):
            self.continues((name, TRACEPARENT))

    def test_space_around_the_value_is_not_part_of_it(self):
        for value in (f" {TRACEPARENT}", f"\t{TRACEPARENT}", f"{TRACEPARENT} ", f"\t {TRACEPARENT} \t"):
            self.continues(("traceparent", value))

    def test_a_new_trace_begins_without_one(self):
        self.begins_anew()
        self.begins_anew(("trace-parent", TRACEPARENT))
        self.begins_anew(("tracestate", "a=1"))

    def test_two_are_none(self):
        self.begins_anew(("traceparent", TRACEPARENT), ("traceparent", TRACEPARENT), ("tracestate", "a=1"))

    def test_each_part_is_checked(self):
        for value in (
            f"00-{'0' * 32}-{PARENT}-01",
            f"00-{TRACE}-{'0' * 16}-01",
            f"00-{TRACE.upper()}-{PARENT}-01",
            f"00-{TRACE}-{PARENT.upper()}-01",
            f"00-{TRACE[:-1]}.-{PARENT}-01",
            f"00-{TRACE}-{PARENT[:-1]}g-01",
            f"00-{TRACE[:-1]}-{PARENT}-01",
            f"00-{TRACE}0-{PARENT}-01",
            f"00-{TRACE}-{PARENT[:-1]}-01",
            f"00-{TRACE}-{PARENT}0-01",
            f"00-{TRACE}-{PARENT}-1",
            f"00-{TRACE}-{PARENT}-001",
            f"00-{TRACE}-{PARENT}-.0",
            f"00-{TRACE}-{PARENT}-0A",
            f"0-{TRACE}-{PARENT}-01",
            f"000-{TRACE}-{PARENT}-01",
            f".0-{TRACE}-{PARENT}-01",
            f"00_{TRACE}_{PARENT}_01",
            "",
        ):
            self.begins_anew(("traceparent", value), ("tracestate", "a=1"))

    def test_version_00_has_no_more_parts_later_versions_may(self):
        self.begins_anew(("traceparent", TRACEPARENT + "-00"))
        self.begins_anew(("traceparent", TRACEPARENT + "-"))
        later = "cc" + TRACEPARENT[2:]
        for value in (later, later + "-", later + "-what-the-future-will-be-like"):
            self.continues(("traceparent", value))
        self.begins_anew(("traceparent", later + "."))
        self.begins_anew(("traceparent", "ff" + TRACEPARENT[2:]))

    def test_of_the_flags_sampled_and_random_are_handed_on_and_the_others_cleared(self):
        for sent, expected in (("00", "00"), ("01", "01"), ("02", "02"), ("03", "03"), ("fd", "01"), ("fc", "00")):
            flags, _ = self.continues(("traceparent", TRACEPARENT[:-2] + sent))
            self.assertEqual(flags, expected)

    def test_every_call_has_a_parent_of_its_own(self):
        for headers in ([], [("traceparent", TRACEPARENT)], [("traceparent", "broken")]):
            calls = self.service.send(headers, calls=3)
            found = [FORMAT.fullmatch(values(call, "traceparent")[0]) for call in calls]
            self.assertEqual(len({match["trace"] for match in found}), 1)
            self.assertEqual(len({match["parent"] for match in found}), 3)


class TracestateTest(PropagationTest):
    def test_it_is_handed_on_in_order_from_all_its_headers(self):
        self.assertEqual(self.state("a=1,b=2"), "a=1,b=2")
        self.assertEqual(self.state("a=1,b=2", "c=3", "d=4"), "a=1,b=2,c=3,d=4")
        self.assertEqual(self.state("a=1", "", "b=2"), "a=1,b=2")
        self.assertEqual(self.state(""), "")

    def test_space_around_members_and_empty_ones_go(self):
        self.assertEqual(self.state("a=1 \t, \t b=2"), "a=1,b=2")
        self.assertEqual(self.state(" ,a=1,,b=2, "), "a=1,b=2")
        self.assertEqual(self.state("a= leading, b=in side "), "a= leading,b=in side")

    def test_a_name_in_any_case(self):
        for name in ("tracestate", "TraceState", "TRACESTATE"):
            self.assertEqual(self.continues(("traceparent", TRACEPARENT), (name, "a=1"))[1], "a=1")

    def test_a_key_that_is_there_twice_loses_none(self):
        for header in ("a=1,a=1", "a=1,a=2"):
            self.assertIn(self.state(header), (header, "a=1", "a=2"))

    def test_all_characters_that_are_allowed(self):
        key = "0123456789abcdefghijklmnopqrstuvwxyz_-*/@"
        value = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in ",=")
        self.assertEqual(self.state(f"{key}={value}"), f"{key}={value}")
        self.assertEqual(self.state("a@b=1,0tenant@vendor=2"), "a@b=1,0tenant@vendor=2")

    def test_a_malformed_member_drops_it_and_not_the_trace(self):
        for header in ("A=1", "a =1", "a.b=1", "@a=1", "_a=1", "=1", "a", "a=", "a=b=c", "a=\xe9", "a=1;b=2,B=3"):
            self.assertEqual(self.state(header), "", header)
            self.assertEqual(self.state("ok=1", header), "", header)

    def test_lengths_of_keys_and_values(self):
        self.assertEqual(self.state("k" * 256 + "=1"), "k" * 256 + "=1")
        self.assertEqual(self.state("k" * 257 + "=1"), "")
        self.assertEqual(self.state("k=" + "v" * 256), "k=" + "v" * 256)
        self.assertEqual(self.state("k=" + "v" * 257), "")

    def test_32_members_are_kept_and_33_dropped(self):
        members = [f"k{number}=1" for number in range(33)]
        self.assertEqual(self.state(",".join(members[:32])), ",".join(members[:32]))
        self.assertEqual(self.state(",".join(members[:16]), ",".join(members[16:32])), ",".join(members[:32]))
        self.assertEqual(self.state(",".join(members)), "")

    def test_512_bytes_are_kept_and_no_part_of_a_member_beyond(self):
        longest = "k" * 255 + "=" + "v" * 256
        self.assertEqual(self.state(longest), longest)
        self.assertEqual(self.state(longest + ",b=1"), longest)


class BaggageTest(PropagationTest):
    def test_members_and_their_properties_are_handed_on_as_they_came(self):
        sent = "userId=alice;internal;region=eu,serverNode=DF%2028,isProduction=false,empty="
        self.assertEqual(self.baggage(sent), sent)
        self.assertEqual(self.baggage("a=b=c==;p=q=r"), "a=b=c==;p=q=r")

    def test_percent_encoding_is_left_alone(self):
        sent = "name=Am%C3%A9lie%20%22%2C%3B%5C%25;p=%09,b=%E2%82%AC"
        self.assertEqual(self.baggage(sent), sent)

    def test_several_headers_are_one_list(self):
        self.assertEqual(self.baggage("a=1;p", "b=2", "c=3"), "a=1;p,b=2,c=3")
        self.assertEqual(self.hand_on(("Baggage", "a=1"), ("BAGGAGE", "b=2"))[2], "a=1,b=2")

    def test_space_is_allowed_around_every_delimiter(self):
        found = self.baggage("a \t = \t 1 \t ; \t p \t = \t q \t , \t b=2")
        self.assertEqual(re.sub(r"[ \t]*([=;,])[ \t]*", r"\1", found), "a=1;p=q,b=2")

    def test_it_needs_no_trace(self):
        (trace, _, _), _, baggage = self.hand_on(("traceparent", "broken"), ("baggage", "a=1"))
        self.assertEqual((len(trace), baggage), (32, "a=1"))

    def test_a_malformed_member_is_left_out_alone(self):
        for broken in ("a", "=1", "a b=1", "a=\xe9", 'a="1"', "a=\\1", "a(=1"):
            self.assertEqual(self.baggage(f"first=1,{broken},last=2"), "first=1,last=2", broken)

    def test_64_members_and_more_are_kept_within_8192_bytes(self):
        for count in (64, 180, 512):
            sent = ",".join(f"{number:03}=0123456789a" for number in range(count))
            self.assertLessEqual(len(sent), 8192)
            self.assertEqual(self.baggage(sent), sent)

    def test_8192_bytes_are_kept_over_all_headers_and_no_part_of_a_member_beyond(self):
        longest = "a=" + "x" * 8190
        self.assertEqual(self.baggage(longest), longest)
        self.assertEqual(self.baggage(longest + "x"), "")
        half = "b=" + "x" * 4093
        self.assertEqual(self.baggage(half, "c=" + "y" * 4094), f"{half},c={'y' * 4094}")
        self.assertEqual(self.baggage(half, "c=" + "y" * 4095, "d=1"), f"{half},d=1")


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
