#include "marty/service/config_templates.hpp"

#include <algorithm>
#include <array>

#include "embedded/config_templates.hpp"
#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/compress/compress.hpp"

namespace marty::service {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"rest", "grpc", "hybrid"};

std::string replaced(std::string text, std::string_view placeholder, std::string_view value) {
  for (std::size_t at = 0; (at = text.find(placeholder, at)) != std::string::npos; at += value.size())
    text.replace(at, placeholder.size(), value);
  return text;
}

std::string text_of(const EmbeddedFile& file) {
  return file.encoding == "gzip" ? compress::gunzip(file.content, file.size) : std::string(file.content);
}

}  // namespace

std::vector<std::string_view> config_template_names() { return {kNames.begin(), kNames.end()}; }

std::vector<TemplateFile> config_template(std::string_view name, std::string_view service) {
  if (std::ranges::find(kNames, name) == kNames.end()) {
    std::string message = "there is no template " + std::string(name) + ", but rest, grpc and hybrid";
    if (const auto near = nearest(name, kNames)) message += "; did you mean " + std::string(*near) + "?";
    throw Error(Code::invalid_argument, message);
  }
  std::vector<TemplateFile> files;
  for (const EmbeddedFile& file : internal::config_templates()) {
    const std::string_view stem = file.name.substr(0, file.name.find('.'));
    const bool is_template = std::ranges::find(kNames, stem) != kNames.end();
    if (is_template && stem != name) continue;
    const std::string path = "config/" + std::string(is_template ? "base" : stem) + ".yaml";
    files.push_back({path, replaced(text_of(file), "@NAME@", service)});
  }
  return files;
}

}  // namespace marty::service
