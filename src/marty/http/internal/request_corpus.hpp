// Requests and the status they deserve (RFC 9112): read by the parser's tests byte by byte, sent to the server whole
// and in pieces, and the seeds of the mutation tests. 200 means accepted; every refusal also closes the connection.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "marty/base/internal/authority_corpus.hpp"

namespace marty::http::internal {

struct RequestCase {
  std::string_view name;
  std::string bytes;
  int status = 200;
};

using marty::internal::kAuthorities;
using marty::internal::kNoAuthorities;
// Targets: RFC 9112 section 3.2, RFC 3986 section 3.3; of the query, the URL Standard ("query percent-encode set").
inline constexpr std::string_view kTargets[] = {"/",          "//",         "/a/../b",     "/~a-b._c/!$&'()*+,;=:@",
                                                "/%00%7f%ff", "/a%2Fb",     "/?",          "/a?b=c&d=%zz",
                                                "/?/?:@",     "/?a[b]=c|d", "/?q={x}^`\\", "/a?100%"};
inline constexpr std::string_view kNoTargets[] = {"/a\"b",     "/<a>",  "/a\\b", "/a^b", "/a`b", "/{a}",
                                                  "/a|b",      "/[a]",  "/%zz",  "/a%2", "/%",   "/a%",
                                                  "/?a=\"b\"", "/?<a>", "a",     "?a",   "*a",   "/a%2?b"};

inline std::vector<RequestCase> request_line_cases() {
  const std::string host = "Host: a\r\n\r\n";
  return {
      {"a plain GET", "GET / HTTP/1.1\r\n" + host},
      {"a path with query and escapes", "GET /a%20b/c?x=1&y=%2F;z HTTP/1.1\r\n" + host},
      {"one empty line before the request", "\r\nGET / HTTP/1.1\r\n" + host},
      {"two empty lines before the request", "\r\n\r\nGET / HTTP/1.1\r\n" + host, 400},
      {"a bare LF before the request", "\nGET / HTTP/1.1\r\n" + host, 400},
      {"a bare CR before the request", "\rGET / HTTP/1.1\r\n" + host, 400},
      {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n"},
      {"a higher minor version", "GET / HTTP/1.7\r\n" + host},
      {"the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"HTTP/0.9 with a version", "GET / HTTP/0.9\r\n" + host, 505},
      {"HTTP/3.0", "GET / HTTP/3.0\r\n" + host, 505},
      {"HTTP/0.9", "GET /\r\n" + host, 400},
      {"a version without minor", "GET / HTTP/1\r\n" + host, 400},
      {"a version with two digits", "GET / HTTP/1.10\r\n" + host, 400},
      {"a version in lower case", "GET / http/1.1\r\n" + host, 400},
      {"a version of another protocol", "GET / HTTPS/1.1\r\n" + host, 400},
      {"a space behind the version", "GET / HTTP/1.1 \r\n" + host, 400},
      {"two spaces behind the method", "GET  / HTTP/1.1\r\n" + host, 400},
      {"two spaces behind the target", "GET /  HTTP/1.1\r\n" + host, 400},
      {"a tab as separator", "GET\t/ HTTP/1.1\r\n" + host, 400},
      {"a space before the method", " GET / HTTP/1.1\r\n" + host, 400},
      {"no target", "GET HTTP/1.1\r\n" + host, 400},
      {"nothing but a method", "GET\r\n" + host, 400},
      {"a space in the target", "GET /a b HTTP/1.1\r\n" + host, 400},
      {"a control character in the target", "GET /a\x01 HTTP/1.1\r\n" + host, 400},
      {"DEL in the target", "GET /a\x7f HTTP/1.1\r\n" + host, 400},
      {"a raw byte beyond ASCII in the target", "GET /caf\xc3\xa9 HTTP/1.1\r\n" + host, 400},
      {"a fragment in the target", "GET /a#b HTTP/1.1\r\n" + host, 400},
      {"NUL in the target", std::string("GET /a\0 HTTP/1.1\r\n", 19) + host, 400},
      {"a target without slash", "GET index.html HTTP/1.1\r\n" + host, 400},
      {"an unknown method", "BREW /pot HTTP/1.1\r\n" + host},
      {"a method in lower case is another method", "get / HTTP/1.1\r\n" + host},
      {"a method that is no token", "G(T / HTTP/1.1\r\n" + host, 400},
      {"an absolute target", "GET http://example.com:80/x?y HTTP/1.1\r\n" + host},
      {"an absolute target without path", "GET http://example.com HTTP/1.1\r\n" + host},
      {"an absolute https target", "GET https://example.com/ HTTP/1.1\r\n" + host},
      {"an absolute target with user information", "GET http://me:secret@example.com/ HTTP/1.1\r\n" + host, 400},
      {"an absolute target without host", "GET http:///x HTTP/1.1\r\n" + host, 400},
      {"an absolute target with query and no path", "GET http://example.com?x HTTP/1.1\r\n" + host},
      {"OPTIONS of an absolute target with query", "OPTIONS http://example.com?x HTTP/1.1\r\n" + host},
      {"an absolute target with a path that is none", "GET http://example.com/a|b HTTP/1.1\r\n" + host, 400},
      {"an absolute target with a query that is none", "GET http://example.com?<x> HTTP/1.1\r\n" + host, 400},
      {"an absolute target of another scheme", "GET ftp://example.com/ HTTP/1.1\r\n" + host, 400},
      {"OPTIONS of the server", "OPTIONS * HTTP/1.1\r\n" + host},
      {"OPTIONS of the server, absolute", "OPTIONS http://example.com HTTP/1.1\r\n" + host},
      {"GET of the server", "GET * HTTP/1.1\r\n" + host, 400},
      {"CONNECT", "CONNECT example.com:443 HTTP/1.1\r\n" + host, 501},
      {"a line ending in LF", "GET / HTTP/1.1\n" + host, 400},
      {"a line ending in CR", "GET / HTTP/1.1\rHost: a\r\n\r\n", 400},
      {"a TLS client hello", std::string("\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n", 13), 400},
      {"a request line at the limit", "GET /" + std::string(8 * 1024 - 14, 'a') + " HTTP/1.1\r\n" + host},
      {"a request line over the limit", "GET /" + std::string(8 * 1024 - 13, 'a') + " HTTP/1.1\r\n" + host, 414},
      {"a request line without end", "GET /" + std::string(10 * 1024, 'a'), 414},
      {"a method without end", std::string(10 * 1024, 'A'), 501},  // RFC 9112 section 3
      {"a method that is too long", std::string(65, 'A') + " / HTTP/1.1\r\n" + host, 501},
      {"the longest method", std::string(64, 'A') + " / HTTP/1.1\r\n" + host},
  };
}

inline std::vector<RequestCase> header_cases() {
  const std::string get = "GET / HTTP/1.1\r\n";
  const std::string with_host = get + "Host: a\r\n";
  std::string many;
  for (int i = 0; i < 99; ++i) many += "x-" + std::to_string(i) + ": v\r\n";
  return {
      {"several headers", with_host + "Accept: */*\r\nX-Empty:\r\nX-Blanks: \t v \t\r\n\r\n"},
      {"a value with bytes beyond ASCII", with_host + "X-Name: caf\xc3\xa9\r\n\r\n"},
      {"a tab inside a value", with_host + "X-Name: a\tb\r\n\r\n"},
      {"no Host", get + "Accept: */*\r\n\r\n", 400},
      {"no header at all", get + "\r\n", 400},
      {"an empty Host", get + "Host:\r\n\r\n"},
      {"a Host with port", get + "Host: example.com:8080\r\n\r\n"},
      {"a Host in brackets", get + "Host: [::1]:8080\r\n\r\n"},
      {"two Hosts", with_host + "Host: b\r\n\r\n", 400},
      {"two equal Hosts", with_host + "Host: a\r\n\r\n", 400},
      {"a Host with a path", get + "Host: a/b\r\n\r\n", 400},
      {"a Host with user information", get + "Host: me@a\r\n\r\n", 400},
      {"a Host with a space", get + "Host: a b\r\n\r\n", 400},
      {"two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"white space before the colon", with_host + "X-Name : v\r\n\r\n", 400},
      {"a tab before the colon", with_host + "X-Name\t: v\r\n\r\n", 400},
      {"a folded line", with_host + "X-Name: a\r\n b\r\n\r\n", 400},
      {"a first line that is folded", get + " Host: a\r\n\r\n", 400},
      {"an empty name", with_host + ": v\r\n\r\n", 400},
      {"no colon", with_host + "X-Name\r\n\r\n", 400},
      {"a name that is no token", with_host + "X(Name): v\r\n\r\n", 400},
      {"a name beyond ASCII", with_host + "X-Caf\xc3\xa9: v\r\n\r\n", 400},
      {"a control character in a value", with_host + "X-Name: a\x01 b\r\n\r\n", 400},
      {"NUL in a value", with_host + std::string("X-Name: a\0b\r\n\r\n", 15), 400},
      {"a bare CR in a value", with_host + "X-Name: a\rb\r\n\r\n", 400},
      {"a bare LF behind a value", with_host + "X-Name: a\nX-Other: b\r\n\r\n", 400},
      {"a bare LF as the empty line", with_host + "\n", 400},
      {"a CR alone as the empty line", with_host + "\rX\r\n\r\n", 400},
      {"as many headers as allowed", with_host + many + "\r\n"},
      {"one header more than allowed", with_host + many + "one-more: v\r\n\r\n", 431},
      {"headers at the limit", with_host + "x: " + std::string(32 * 1024 - 14, 'v') + "\r\n\r\n"},
      {"headers over the limit", with_host + "x: " + std::string(32 * 1024 - 13, 'v') + "\r\n\r\n", 431},
      {"a header without end", with_host + "x: " + std::string(40 * 1024, 'v'), 431},
      {"an expectation", with_host + "Expect: 100-continue\r\n\r\n"},
      {"an unknown expectation", with_host + "Expect: the-unexpected\r\n\r\n", 417},
  };
}

// RFC 9112 section 7.1.1.
inline std::vector<RequestCase> chunk_extension_cases() {
  const std::string chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  return {
      {"chunk extensions with blanks", chunked + "5 ;\tname = value ; flag\r\nhello\r\n0\r\n\r\n"},
      {"quoted values of chunk extensions", chunked + "5;a=\"\";b=\"\\\"; \xc3\"\r\nhello\r\n0\r\n\r\n"},
      {"a chunk extension without a name", chunked + "5;\r\nhello\r\n0\r\n\r\n", 400},
      {"two semicolons", chunked + "5;;a\r\nhello\r\n0\r\n\r\n", 400},
      {"a semicolon at the end", chunked + "5;a;\r\nhello\r\n0\r\n\r\n", 400},
      {"a chunk extension with a value and no name", chunked + "5;=b\r\nhello\r\n0\r\n\r\n", 400},
      {"a chunk extension without its value", chunked + "5;a=\r\nhello\r\n0\r\n\r\n", 400},
      {"a chunk extension with two values", chunked + "5;a=b=c\r\nhello\r\n0\r\n\r\n", 400},
      {"a chunk extension whose name is no token", chunked + "5;bad[=x\r\nhello\r\n0\r\n\r\n", 400},
      {"a chunk extension whose value is no token", chunked + "5;a=b@c\r\nhello\r\n0\r\n\r\n", 400},
      {"a quoted value without end", chunked + "5;a=\"b\r\nhello\r\n0\r\n\r\n", 400},
      {"a quoted value with something behind it", chunked + "5;a=\"b\"c\r\nhello\r\n0\r\n\r\n", 400},
      {"a quoted value that ends in a backslash", chunked + "5;a=\"b\\\r\n\"\r\nhello\r\n0\r\n\r\n", 400},
      {"a control character in a quoted value", chunked + "5;a=\"\x01\"\r\nhello\r\n0\r\n\r\n", 400},
      {"blanks behind a chunk extension", chunked + "5;a \r\nhello\r\n0\r\n\r\n", 400},
      {"two names in a chunk extension", chunked + "5;a b\r\nhello\r\n0\r\n\r\n", 400},
  };
}

// RFC 9110 section 5.6.1.2: empty elements of a list are ignored.
inline std::vector<RequestCase> coding_list_cases() {
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  return {
      {"chunked behind an empty element", post + "Transfer-Encoding: , chunked\r\n\r\n0\r\n\r\n"},
      {"chunked among empty elements", post + "Transfer-Encoding: ,\t,chunked ,,\r\n\r\n0\r\n\r\n"},
      {"empty elements alone", post + "Transfer-Encoding: , ,\r\n\r\n0\r\n\r\n", 400},
      {"chunked twice, an empty element between", post + "Transfer-Encoding: chunked,,chunked\r\n\r\n0\r\n\r\n", 400},
      {"another coding behind an empty element", post + "Transfer-Encoding: ,gzip, chunked\r\n\r\n0\r\n\r\n", 501},
      {"chunked behind an empty element, with a length",
       post + "Transfer-Encoding: ,chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
  };
}

inline std::vector<RequestCase> body_cases() {
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  return {
      {"a body with Content-Length", post + "Content-Length: 5\r\n\r\nhello"},
      {"an empty body", post + "Content-Length: 0\r\n\r\n"},
      {"a Content-Length with leading zeros", post + "Content-Length: 0005\r\n\r\nhello"},
      {"a body of GET", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"},
      {"a negative Content-Length", post + "Content-Length: -5\r\n\r\nhello", 400},
      {"a Content-Length with plus", post + "Content-Length: +5\r\n\r\nhello", 400},
      {"a hexadecimal Content-Length", post + "Content-Length: 0x5\r\n\r\nhello", 400},
      {"an empty Content-Length", post + "Content-Length:\r\n\r\n", 400},
      {"a Content-Length with a blank inside", post + "Content-Length: 1 0\r\n\r\nhello", 400},
      {"a list of Content-Lengths", post + "Content-Length: 5, 5\r\n\r\nhello", 400},
      {"two differing Content-Lengths", post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400},
      {"two equal Content-Lengths", post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
      {"a Content-Length beyond 64 bits", post + "Content-Length: 99999999999999999999\r\n\r\n", 413},
      {"a Content-Length over the limit", post + "Content-Length: 1073741824\r\n\r\n", 413},
      {"a chunked body", chunked + "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"},
      {"an empty chunked body", chunked + "0\r\n\r\n"},
      {"chunked in other case", post + "transfer-encoding: Chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"},
      {"chunk sizes in both cases", chunked + "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"},
      {"a chunk size with leading zeros", chunked + "0005\r\nhello\r\n000\r\n\r\n"},
      {"chunk extensions", chunked + "5;name=value;flag\r\nhello\r\n0 ; x=\"y z\"\r\n\r\n"},
      {"trailers", chunked + "5\r\nhello\r\n0\r\nX-Sum: 1\r\nX-Other: 2\r\n\r\n"},
      {"Content-Length with chunked", post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked with Content-Length", post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
      {"chunked twice", post + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400},
      {"two Transfer-Encodings", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},
      {"chunked not last", post + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400},
      {"another coding before chunked", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
      {"identity", post + "Transfer-Encoding: identity\r\n\r\n", 400},
      {"almost chunked", post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked behind a vertical tab",
       post + "Transfer-Encoding: \x0b"
              "chunked\r\n\r\n0\r\n\r\n",
       400},
      {"quoted chunked", post + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 400},
      {"an empty Transfer-Encoding", post + "Transfer-Encoding:\r\n\r\n0\r\n\r\n", 400},
      {"Transfer-Encoding with a blank before the colon", post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"a chunk size that is no number", chunked + "xyz\r\nhello\r\n0\r\n\r\n", 400},
      {"an empty chunk size", chunked + "\r\nhello\r\n0\r\n\r\n", 400},
      {"a chunk size with 0x", chunked + "0x5\r\nhello\r\n0\r\n\r\n", 400},
      {"a negative chunk size", chunked + "-5\r\nhello\r\n0\r\n\r\n", 400},
      {"a chunk size beyond 64 bits", chunked + "fffffffffffffffff\r\nhello\r\n0\r\n\r\n", 413},
      {"a chunk size of 64 bits", chunked + "ffffffffffffffff\r\nhello\r\n0\r\n\r\n", 413},
      {"a chunk over the limit", chunked + "10000000\r\nhello\r\n", 413},
      {"a chunk size ending in LF", chunked + "5\nhello\r\n0\r\n\r\n", 400},
      {"a chunk size ending in CR", chunked + "5\rhello\r\n0\r\n\r\n", 400},
      {"a blank behind a chunk size", chunked + "5 \r\nhello\r\n0\r\n\r\n", 400},
      {"a blank before a chunk size", chunked + " 5\r\nhello\r\n0\r\n\r\n", 400},
      {"a bare LF in a chunk extension", chunked + "5;a\nb\r\nhello\r\n0\r\n\r\n", 400},
      {"a chunk that is longer than it says", chunked + "4\r\nhello\r\n0\r\n\r\n", 400},
      {"a chunk without CRLF", chunked + "5\r\nhello0\r\n\r\n", 400},
      {"a chunk ending in LF", chunked + "5\r\nhello\n0\r\n\r\n", 400},
      {"endless chunk extensions", chunked + "5;" + std::string(5000, 'x') + "\r\nhello\r\n0\r\n\r\n", 400},
      {"a bad trailer", chunked + "0\r\nX Sum: 1\r\n\r\n", 400},
      {"a folded trailer", chunked + "0\r\nX: 1\r\n 2\r\n\r\n", 400},
      {"a trailer ending in LF", chunked + "0\r\nX: 1\n\r\n", 400},
      {"endless trailers", chunked + "0\r\nX: " + std::string(9000, 'x') + "\r\n\r\n", 431},
  };
}

inline std::vector<RequestCase> uri_cases() {
  std::vector<RequestCase> cases;
  const auto add = [&cases](std::string_view text, std::string bytes, int status) {
    cases.push_back({text, std::move(bytes), status});
  };
  for (const std::string_view text : kAuthorities) {
    add(text, "GET / HTTP/1.1\r\nHost: " + std::string(text) + "\r\n\r\n", 200);
    add(text, "GET http://" + std::string(text) + "/ HTTP/1.1\r\nHost: a\r\n\r\n", 200);
  }
  for (const std::string_view text : kNoAuthorities) {
    add(text, "GET / HTTP/1.1\r\nHost: " + std::string(text) + "\r\n\r\n", 400);
    // "/" and "?" end the authority of a target.
    const int status = text.find_first_of("/?") == std::string_view::npos ? 400 : 200;
    add(text, "GET http://" + std::string(text) + "/ HTTP/1.1\r\nHost: a\r\n\r\n", status);
  }
  for (const std::string_view text : kTargets)
    add(text, "GET " + std::string(text) + " HTTP/1.1\r\nHost: a\r\n\r\n", 200);
  for (const std::string_view text : kNoTargets)
    add(text, "GET " + std::string(text) + " HTTP/1.1\r\nHost: a\r\n\r\n", 400);
  return cases;
}

inline std::vector<RequestCase> all_request_cases() {
  std::vector<RequestCase> all = request_line_cases();
  for (RequestCase& each : uri_cases()) all.push_back(std::move(each));
  for (RequestCase& each : header_cases()) all.push_back(std::move(each));
  for (RequestCase& each : body_cases()) all.push_back(std::move(each));
  for (RequestCase& each : chunk_extension_cases()) all.push_back(std::move(each));
  for (RequestCase& each : coding_list_cases()) all.push_back(std::move(each));
  return all;
}

}  // namespace marty::http::internal
