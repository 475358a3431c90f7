#include "ops/jobs/result_file.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <numeric>
#include <set>

#include "consumers/workload.hpp"

namespace ringrift::ops {
namespace {

namespace json = boost::json;

constexpr std::size_t file_name_bytes_max = 255;

// Reads members of one object and remembers the first that is not what it should be.
class Members {
  public:
    Members(const json::object& object, std::string about)
        : object_(object), about_(std::move(about)) {}

    std::int64_t number(std::string_view name, std::int64_t missing = 0) {
        const json::value* value = object_.if_contains(name);
        if (value == nullptr) return missing;
        const std::int64_t* found = value->if_int64();
        if (found == nullptr || *found < 0) complain(name, "must be an integer of at least 0");
        return found == nullptr ? missing : *found;
    }

    std::int64_t any_number(std::string_view name) {
        const json::value* value = object_.if_contains(name);
        if (value == nullptr) return 0;
        if (!value->is_int64()) complain(name, "must be an integer");
        return value->is_int64() ? value->get_int64() : 0;
    }

    std::string text(std::string_view name) {
        const json::value* value = object_.if_contains(name);
        if (value == nullptr) return {};
        if (!value->is_string()) complain(name, "must be a text");
        return value->is_string() ? std::string(value->get_string()) : std::string();
    }

    const json::array* list(std::string_view name) {
        const json::value* value = object_.if_contains(name);
        if (value != nullptr && !value->is_array()) complain(name, "must be a list");
        return value == nullptr ? nullptr : value->if_array();
    }

    void complain(std::string_view name, std::string_view what) {
        if (!problem_.empty()) return;
        problem_ = about_ + std::string(name) + " " + std::string(what);
    }

    const std::string& problem() const { return problem_; }

  private:
    const json::object& object_;
    std::string about_;
    std::string problem_;
};

// A path below the output folder, as a program would write it.
bool is_plain_name(const std::string& name) {
    if (name.empty() || name.size() > file_name_bytes_max || name.find('\0') != name.npos)
        return false;
    const std::filesystem::path path(name);
    return path.is_relative() && std::none_of(path.begin(), path.end(), [](const auto& part) {
               return part.empty() || part == "." || part == "..";
           });
}

bus::FileMade read_file_entry(Members& entry) {
    std::string digest = entry.text("sha256");
    std::ranges::transform(digest, digest.begin(), [](unsigned char letter) {
        return static_cast<char>(std::tolower(letter));
    });
    bus::FileMade made{.file = {digest},
                       .name = entry.text("name"),
                       .bytes = entry.number("bytes", -1),
                       .games = entry.number("games")};
    if (!is_plain_name(made.name))
        entry.complain("name", "must be a path inside the output folder");
    if (!is_digest(made.file)) entry.complain("sha256", "must be 64 hexadecimal digits");
    return made;
}

void read_files(Members& members, bus::WorkResult& result) {
    const json::array* files = members.list("files");
    if (files == nullptr) return;
    if (files->size() > result_files_max) members.complain("files", "are more than 10000");
    std::set<std::string> names;
    for (const json::value& file : *files) {
        if (!members.problem().empty()) return;
        if (!file.is_object()) return members.complain("files", "must be a list of objects");
        Members entry(file.get_object(), "the file's ");
        result.files.push_back(read_file_entry(entry));
        const std::string& name = result.files.back().name;
        if (!entry.problem().empty())
            return members.complain("files", "`" + name + "`: " + entry.problem());
        if (!names.insert(name).second) members.complain("files", "name `" + name + "` twice");
    }
}

void read_pentanomial(Members& members, bus::WorkResult& result) {
    const json::array* counts = members.list("pentanomial");
    if (counts == nullptr || counts->empty()) return;
    const bool valid = counts->size() == result.pentanomial.size() &&
                       std::all_of(counts->begin(), counts->end(), [](const json::value& count) {
                           return count.is_int64() && count.get_int64() >= 0;
                       });
    if (!valid) return members.complain("pentanomial", "must be 5 integers of at least 0");
    std::transform(counts->begin(), counts->end(), result.pentanomial.begin(),
                   [](const json::value& count) { return count.get_int64(); });
}

bool is_match(bus::WorkType type) {
    return type == bus::WorkType::evaluation || type == bus::WorkType::tournament;
}

void check_identity(Members& members, bus::WorkType type, const bus::ConfigKey& config) {
    const std::string said = members.text("type");
    const bool match = said == "evaluation" && is_match(type);
    if (!said.empty() && said != consumers::name_of(type) && !match) {
        members.complain("type", "is `" + said + "`, the work is `" +
                                     std::string(consumers::name_of(type)) + "`");
    }
    const std::string about = members.text("config");
    if (!about.empty() && about != config.value) {
        members.complain("config", "is `" + about + "`, the work is for `" + config.value + "`");
    }
}

// Rule 5 of the design: completion means finished, with evidence.
std::string missing_evidence(const bus::WorkResult& result, bus::WorkType type) {
    const std::int64_t in_files =
        std::accumulate(result.files.begin(), result.files.end(), std::int64_t{0},
                        [](std::int64_t sum, const auto& file) { return sum + file.games; });
    const std::int64_t pairs =
        std::accumulate(result.pentanomial.begin(), result.pentanomial.end(), std::int64_t{0});
    if (type == bus::WorkType::selfplay) {
        if (result.games == 0) return "it played no games";
        if (in_files != result.games) {
            return "it played " + std::to_string(result.games) + " games, but its files hold " +
                   std::to_string(in_files);
        }
    }
    if (type == bus::WorkType::export_ && result.samples == 0) return "it exported no samples";
    if (type == bus::WorkType::export_ && result.files.empty())
        return "it names no file of samples";
    if (type == bus::WorkType::training && result.files.empty()) return "it names no model file";
    if (is_match(type)) {
        if (result.games == 0) return "it played no games";
        const bool too_many = result.wins > result.games || result.draws > result.games ||
                              result.losses > result.games ||
                              result.wins + result.draws + result.losses > result.games ||
                              pairs > result.games / 2;
        if (too_many) return "it counts more results than its games";
    }
    return {};
}

ResultProblem bad(std::string sentence) {
    return {bus::FailureKind::bad_result, "result.json: " + std::move(sentence)};
}

}  // namespace

bus::Result<bus::WorkResult, ResultProblem> read_result(std::string_view text, bus::WorkType type,
                                                        const bus::ConfigKey& config) {
    boost::system::error_code code;
    const json::value root = json::parse(json::string_view(text.data(), text.size()), code);
    if (code) return bad("it is not valid JSON: " + code.message());
    if (!root.is_object()) return bad("it is not a JSON object");
    Members members(root.get_object(), "");
    bus::WorkResult result{.games = members.number("games"),
                           .samples = members.number("samples"),
                           .steps = members.number("steps"),
                           .loss_micro = members.any_number("loss_micro"),
                           .wins = members.number("wins"),
                           .draws = members.number("draws"),
                           .losses = members.number("losses")};
    check_identity(members, type, config);
    read_pentanomial(members, result);
    read_files(members, result);
    if (!members.problem().empty()) return bad(members.problem());
    // A single file needs no count of its own.
    if (type == bus::WorkType::selfplay && result.files.size() == 1 && result.files[0].games == 0) {
        result.files[0].games = result.games;
    }
    const std::string missing = missing_evidence(result, type);
    if (!missing.empty()) return bad(missing);
    return result;
}

}  // namespace ringrift::ops
