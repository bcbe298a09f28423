#include "marty/config/internal/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>
#include <optional>
#include <spanstream>

#include "marty/base/strings.hpp"

namespace marty::config::internal {
namespace {

// What is wrong with a document that is well-formed as far as yaml-cpp goes.
struct Refusal {
  int line;
  std::string message;
};

// Builds Nodes from the events of one document.
class Builder final : public YAML::EventHandler {
 public:
  Builder(const std::string& source, const YamlLimits& limits) : source_(source), limits_(limits) {}

  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { finish(make(mark, Node::Kind::null), anchor); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(mark, tag);
    Node node = make(mark, Node::Kind::scalar);
    node.quoted = tag == "!";
    node.scalar = value;
    finish(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw Refusal{line_of(mark), "an alias must not stand inside of what it refers to"};
    count(found->second.nodes, line_of(mark));
    finish(found->second.node, 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::sequence);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::map);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  // A collection whose end has not come yet.
  struct Open {
    Node node;
    YAML::anchor_t anchor;
    std::size_t nodes_before;
    std::optional<std::string> key;  // of a map: read, its value not yet
  };
  struct Anchored {
    Node node;
    std::size_t nodes;
  };

  static int line_of(const YAML::Mark& mark) { return mark.line + 1; }

  Node make(const YAML::Mark& mark, Node::Kind kind) {
    count(1, line_of(mark));
    Node node;
    node.kind = kind;
    node.origin = {source_, line_of(mark)};
    return node;
  }

  void count(std::size_t nodes, int line) {
    nodes_ += nodes;
    if (nodes_ > limits_.max_nodes)
      throw Refusal{
          line, "more than " + std::to_string(limits_.max_nodes) + " values (aliases count as what they stand for)"};
  }

  static void check_tag_text(const std::string& tag, int line) {
    if (!tag.empty() && tag != "?" && tag != "!")
      throw Refusal{line, "the tag " + tag + " is not supported: types come from the settings themselves"};
  }
  void check_tag(const YAML::Mark& mark, const std::string& tag) const { check_tag_text(tag, line_of(mark)); }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
    check_tag(mark, tag);
    if (open_.size() >= limits_.max_depth)
      throw Refusal{line_of(mark), "nested deeper than " + std::to_string(limits_.max_depth) + " levels"};
    const std::size_t before = nodes_;
    open_.push_back({make(mark, kind), anchor, before, std::nullopt});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    if (done.anchor != 0) anchors_[done.anchor] = {done.node, nodes_ - done.nodes_before};
    place(std::move(done.node));
  }

  void finish(Node node, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = {node, 1};
    place(std::move(node));
  }

  void place(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == Node::Kind::sequence) {
      parent.node.items.push_back(std::move(node));
    } else if (parent.key) {
      parent.node.members.push_back({std::move(*parent.key), std::move(node)});
      parent.key.reset();
    } else {
      parent.key = take_key(parent.node, std::move(node));
    }
  }

  std::string take_key(const Node& map, Node key) {
    const int line = key.origin.line;
    if (key.kind != Node::Kind::scalar || key.scalar.empty()) throw Refusal{line, "a key must be a text"};
    if (key.scalar == "<<" && !key.quoted)
      throw Refusal{line, "merge keys (<<) are not supported: put what is shared into base.yaml"};
    if (const Node* const first = map.find(key.scalar)) {
      throw Refusal{line, "the key '" + key.scalar + "' stands here a second time (first on line " +
                              std::to_string(first->origin.line) + ")"};
    }
    return std::move(key.scalar);
  }

  const std::string& source_;
  const YamlLimits& limits_;
  Node root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::size_t nodes_ = 0;
};

// What yaml-cpp has against the text, without what stands there: "*hunter2" may be a password that should be quoted.
std::string reason_of(const YAML::Exception& error) {
  if (!error.msg.starts_with(YAML::ErrorMsg::UNKNOWN_ANCHOR)) return error.msg;
  return std::string(YAML::ErrorMsg::UNKNOWN_ANCHOR) + ": quote a text that begins with '*'";
}

std::string located(const std::string& source, int line, const std::string& message) {
  return Origin{source, line}.text() + ": " + message;
}

bool indented_with_tab(std::string_view text, int line) {
  for (; line > 0; --line) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  const std::string_view indentation = text.substr(0, std::min(text.find_first_not_of(" \t"), text.size()));
  return indentation.find('\t') != std::string_view::npos;
}

// A unit of UTF-16 in an escape of four digits, "\\ud83d"; 0: none stands there.
unsigned escaped_unit(std::string_view text, std::size_t at) {
  if (text.substr(std::min(at, text.size()), 2) != "\\u" || text.size() < at + 6) return 0;
  unsigned unit = 0;
  const char* const end = text.data() + at + 6;
  return std::from_chars(text.data() + at + 2, end, unit, 16).ptr == end ? unit : 0;
}

// JSON writes what is beyond the basic plane as two escapes (RFC 8259, section 7), which yaml-cpp refuses. Makes one of
// each pair from `at` to the end of the quoted text, in the form that YAML has for it. False: there is no pair.
bool join_surrogates(std::string& text, std::size_t at) {
  bool joined = false;
  for (; at < text.size() && text[at] != '"'; at += text[at] == '\\' ? 2 : 1) {
    const unsigned high = escaped_unit(text, at), low = escaped_unit(text, at + 6);
    if (high < 0xD800 || high > 0xDBFF || low < 0xDC00 || low > 0xDFFF) continue;
    char escape[11];
    std::snprintf(escape, sizeof escape, "\\U%08X", 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
    text.replace(at, 12, escape);
    joined = true;
  }
  return joined;
}

Node parse_document(const std::string& text, const std::string& source, const YamlLimits& limits) {
  std::ispanstream stream{std::span<const char>(text)};
  YAML::Parser parser(stream);
  Builder builder(source, limits);
  if (parser.HandleNextDocument(builder)) {
    Builder second(source, limits);
    if (parser.HandleNextDocument(second)) throw Refusal{0, "more than one document (---)"};
  }
  return builder.take();
}

}  // namespace

std::expected<Node, std::string> parse_yaml(std::string_view text, const std::string& source,
                                            const YamlLimits& limits) {
  constexpr int kMaxJoins = 100;  // texts with pairs of surrogates, each of which is a parse of its own
  if (text.size() > limits.max_bytes) {
    return std::unexpected(source + ": larger than " + std::to_string(limits.max_bytes) + " bytes");
  }
  if (!is_utf8(text)) return std::unexpected(source + ": not UTF-8");
  // yaml-cpp takes the end of the text for the end of a quoted scalar; an end-of-document mark it refuses there.
  std::string closed = std::string(text) + (text.ends_with('\n') ? "...\n" : "\n...\n");
  for (int joins = 0;; ++joins) {
    try {
      return parse_document(closed, source, limits);
    } catch (const Refusal& refusal) {
      return std::unexpected(located(source, refusal.line, refusal.message));
    } catch (const YAML::Exception& error) {
      constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // which yaml-cpp does not count
      const std::size_t behind =
          static_cast<std::size_t>(std::max(error.mark.pos, 0)) + (text.starts_with(kByteOrderMark) ? 3 : 0);
      const bool surrogate = error.msg.starts_with(YAML::ErrorMsg::INVALID_UNICODE) && behind >= 6;
      if (surrogate && joins < kMaxJoins && join_surrogates(closed, behind - 6)) continue;
      const std::string hint =
          indented_with_tab(text, error.mark.line) ? " (the line is indented with a tab: use spaces)" : "";
      return std::unexpected(located(source, error.mark.line + 1, "not valid YAML: " + reason_of(error) + hint));
    }
  }
}

std::expected<Node, std::string> parse_yaml_file(std::string_view text, const std::string& source) {
  auto document = parse_yaml(text, source);
  if (document && document->kind != Node::Kind::map && document->kind != Node::Kind::null) {
    return std::unexpected(document->origin.text() + ": the file must be a section of keys, not " +
                           describe(*document));
  }
  return document;
}

}  // namespace marty::config::internal
