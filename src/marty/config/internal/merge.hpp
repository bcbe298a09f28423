// Laying layers over each other. It is the same for every source: sections go key by key, everything else is replaced,
// and an empty section ("server:") says nothing.
//
// "{a: 1}" in a variable and "${VAR}" in a file may be sections or texts: that is known once the type of the setting
// is. Until then such a text keeps what it was laid over beneath it; settle() decides, key by key.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "marty/config/internal/node.hpp"
#include "marty/reflect/type.hpp"

namespace marty::config::internal {

void merge(Node& base, Node layer);

// What a setting takes, which decides what a text with braces or commas is.
enum class Form : std::uint8_t { text, list, section };

// A variant and free-form JSON count as sections.
Form form_of(const reflect::Type& type);

// What settle() needs of the tree that the node is in.
struct Settling {
  std::function<void(Node&, const std::string& key)> expand;  // replaces the references of this one node
  std::function<void(const Node&, const std::string& key, std::string problem)> report;
};

// Makes of `node` what it is as a setting of that form, in place; nothing is beneath it afterwards. Only references of
// what counts are replaced. What is malformed is reported, and left faulty.
void settle(Node& node, Form form, const std::string& key, const Settling& settling);

// Whether something beneath the node, or the node itself, is surely a section.
bool holds_section(const Node& node);

}  // namespace marty::config::internal
