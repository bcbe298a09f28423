// Templates: configuration to start a service with, ready to run.
//
//   for (const TemplateFile& file : config_template("rest", "petstore")) write(file.path, file.text);
//
// On the command line of any service: PROGRAM config init --template rest.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace marty::service {

struct TemplateFile {
  std::string path;  // below the service's directory: "config/base.yaml"
  std::string text;
};

// "rest", "grpc", "hybrid".
std::vector<std::string_view> config_template_names();

// `service`: the service's name, as service.name has it. Throws Error(invalid_argument) for another template.
std::vector<TemplateFile> config_template(std::string_view name, std::string_view service);

}  // namespace marty::service
