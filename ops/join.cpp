#include "ops/join.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <fstream>
#include <iterator>

#include "bus/json.hpp"
#include "ops/http/request_target.hpp"
#include "ops/jobs/durable_file.hpp"
#include "ops/nats/server_config.hpp"
#include "projections/sqlite_store.hpp"

namespace ringrift::ops {
namespace {

namespace json = boost::json;

constexpr std::string_view instance_name = "instance";
constexpr std::string_view terms_name = "cluster_terms";
constexpr std::string_view managed = "managed";
constexpr bus::Duration answer_max = std::chrono::seconds(5);

std::string url_of(const HostAndPort& place) {
    const bool is_v6 = place.host.find(':') != std::string::npos;
    return "nats://" + (is_v6 ? "[" + place.host + "]" : place.host) + ":" +
           std::to_string(place.port);
}

template <class T>
void add_missing(std::vector<T>& list, const std::vector<T>& more) {
    for (const T& item : more) {
        if (std::ranges::find(list, item) == list.end()) list.push_back(item);
    }
}

std::optional<JoinTerms> terms_from(std::string_view text) {
    boost::system::error_code error;
    const json::value value = json::parse(text, error);
    JoinTerms terms;
    bus::JsonProblem problem;
    if (error || !bus::read_json(value, terms, problem)) return {};
    return terms;
}

/// `{"error":…,"hint":…}` as a sentence.
std::string sentence_of(const cli::ClientResponse& response) {
    boost::system::error_code error;
    const json::value value = json::parse(response.body, error);
    std::string sentence = "it answered " + std::to_string(response.status);
    if (error || !value.is_object()) return sentence;
    const auto text = [&](const char* name) {
        const json::value* found = value.get_object().if_contains(name);
        return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
    };
    if (!text("error").empty()) sentence = text("error");
    return text("hint").empty() ? sentence : sentence + " " + text("hint");
}

struct Asked {
    std::optional<JoinTerms> terms = {};
    std::optional<Exit> refused = {};  ///< Asking others would not help.
    std::string trouble = {};          ///< Why this one gave no answer.
};

Asked ask_one(const std::string& peer, const Options& options, const std::string& instance,
              const AskMember& ask, const std::function<bus::Time()>& now) {
    const std::string target =
        "/cluster/join?node=" + http::percent_encoded(options.node_id) + "&instance=" + instance +
        "&protocol=" + std::to_string(join_protocol) +
        "&cluster=" + (options.cluster_said ? http::percent_encoded(options.cluster) : "");
    const bus::Time sent = now();
    const auto answer = ask({.url = "http://" + peer,
                             .target = target,
                             .headers = {{"Authorization", "Bearer " + options.join_token}},
                             .time_max = answer_max});
    if (!answer) return {.trouble = peer + ": " + answer.error().sentence};
    if (answer->status != 200) {
        const std::string sentence = peer + ": " + sentence_of(*answer);
        if (answer->status == 401 || answer->status == 409)
            return {.refused = Exit{ExitCode::not_admitted, sentence}};
        return {.trouble = sentence};
    }
    auto terms = terms_from(answer->body);
    if (!terms) {
        return {.refused = Exit{ExitCode::not_admitted,
                                peer + ": its answer cannot be read; install the same version on "
                                       "both machines"}};
    }
    if (const auto problem = clock_problem(terms->now, sent, now()))
        return {.refused = Exit{ExitCode::not_admitted, peer + ": " + *problem}};
    return {.terms = std::move(terms)};
}

/// Answers of all peers, joined: each knows at least its own servers.
bus::Result<std::optional<JoinTerms>, Exit> ask_all(const std::vector<std::string>& peers,
                                                    const Options& options,
                                                    const std::string& instance,
                                                    const AskMember& ask,
                                                    const std::function<bus::Time()>& now,
                                                    std::vector<std::string>& troubles) {
    std::optional<JoinTerms> all;
    for (const std::string& peer : peers) {
        Asked asked = ask_one(peer, options, instance, ask, now);
        if (asked.refused) return *std::move(asked.refused);
        if (!asked.terms) {
            troubles.push_back(asked.trouble);
            continue;
        }
        if (!all) {
            all = std::move(asked.terms);
        } else {
            add_missing(all->nats, asked.terms->nats);
            add_missing(all->members, asked.terms->members);
        }
    }
    return all;
}

/// What the options say, over what a member or the memory said.
void settle(const Options& options, JoinTerms& terms) {
    if (options.cluster_said || terms.cluster.empty()) terms.cluster = options.cluster;
    std::vector<std::string> servers;
    for (const std::string& server : options.nats) {
        if (server == managed) {
            servers.push_back(url_of({options.advertise, options.nats_port}));
        } else {
            servers.push_back(server);
        }
    }
    if (is_managed(options)) {
        terms.nats_managed = true;
        if (options.nats_routes.empty()) {
            for (const std::string& peer : options.peers)
                add_missing(servers, {url_of({host_and_port(peer)->host, options.nats_port})});
        }
        add_missing(servers, terms.nats);
    }
    if (!servers.empty()) terms.nats = std::move(servers);
    if (!options.voters.empty() && terms.voters.empty()) {
        for (const std::string& voter : options.voters) terms.voters.push_back({voter});
    }
    if (!options.nats_user.empty()) terms.nats_user = options.nats_user;
    if (!options.nats_password.empty()) terms.nats_password = options.nats_password;
    if (options.replicas > 0)
        terms.replicas = options.replicas;
    else if (!options.voters.empty())
        terms.replicas = std::int64_t(std::min<std::size_t>(options.voters.size(), 5));
}

bus::NatsSettings nats_of(const Options& options, const JoinTerms& terms) {
    bus::NatsSettings nats = {.servers = terms.nats, .name = options.node_id};
    nats.creds_file = options.nats_creds.string();
    nats.nkey = options.nats_nkey;
    nats.nkey_seed_file = options.nats_nkey_seed.string();
    nats.tls_ca_file = options.nats_ca.string();
    nats.tls_certificate_file = options.nats_cert.string();
    nats.tls_key_file = options.nats_key.string();
    const bool other = !nats.creds_file.empty() || !nats.nkey.empty();
    if (terms.nats_managed) {
        nats.user = nats_user;
        nats.password = nats_password(options.join_token, terms.cluster);
    } else if (!other) {
        nats.user = terms.nats_user;
        nats.password = terms.nats_password;
    }
    return nats;
}

/// Credentials go as a whole: into the terms where this node has a file of them, out of the terms
/// into a file of its own where it has none.
std::optional<Exit> pass_credentials_on(const Options& options, JoinTerms& terms,
                                        bus::NatsSettings& nats) {
    const bool has_own = !nats.user.empty() || !nats.nkey.empty() || !nats.creds_file.empty();
    if (!nats.creds_file.empty()) {
        std::ifstream file(nats.creds_file);
        terms.nats_creds.assign(std::istreambuf_iterator<char>(file), {});
    } else if (!has_own && !terms.nats_creds.empty()) {
        const auto path = options.data_dir / "nats.creds";
        const auto written = write_durably(path, terms.nats_creds);
        if (!written) return Exit{ExitCode::data_dir_unusable, written.error().sentence};
        nats.creds_file = path.string();
    }
    return {};
}

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += "\n  " + line;
    return text;
}

std::optional<Exit> what_is_missing(const Options& options, const JoinTerms& terms,
                                    const std::vector<std::string>& troubles) {
    const std::string said = troubles.empty() ? "" : "; no member answered:" + joined(troubles);
    const ExitCode code = troubles.empty() ? ExitCode::usage : ExitCode::unreachable;
    if (options.join_token.empty()) {
        return Exit{ExitCode::usage,
                    "a node needs the secret of its cluster: set RINGRIFT_JOIN_TOKEN to the same "
                    "text on every machine (for a new cluster e.g. openssl rand -hex 32)"};
    }
    if (terms.nats.empty()) {
        return Exit{code,
                    "it is not known where NATS is: name a member with --peers host:8770, or "
                    "servers with --nats, or run one here with --nats managed" +
                        said};
    }
    if (terms.voters.empty()) {
        return Exit{code,
                    "it is not known who elects the leader: name a member with --peers "
                    "host:8770, or found a cluster with --voters a,b,c" +
                        said};
    }
    return {};
}

/// What the node of the folder keeps under `terms_name`; makes no store where there is none.
std::optional<JoinTerms> remembered_terms(const std::filesystem::path& data_dir) {
    const std::filesystem::path path = data_dir / "state.db";
    std::error_code error;
    if (!std::filesystem::exists(path, error)) return {};
    auto store = projections::SqliteStore::open(path.string());
    if (!store) return {};
    const auto text = (*store)->get(terms_name);
    if (!text || !*text) return {};
    return terms_from(**text);
}

}  // namespace

bool is_managed(const Options& options) {
    return std::ranges::find(options.nats, managed) != options.nats.end();
}

bus::Result<std::string, Exit> instance_of(projections::Store& store) {
    const auto known = store.get(instance_name);
    if (!known) return Exit{ExitCode::data_dir_unusable, store.trouble()};
    if (*known && !(*known)->empty()) return **known;
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<unsigned char, 16> bytes = {};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
        return Exit{ExitCode::internal, "the system gives no random numbers"};
    std::string instance;
    for (const unsigned char byte : bytes) instance += {digits[byte >> 4], digits[byte & 15]};
    if (!store.put(instance_name, instance))
        return Exit{ExitCode::data_dir_unusable, store.trouble()};
    return instance;
}

bool remembers_cluster(const std::filesystem::path& data_dir) {
    return remembered_terms(data_dir).has_value();
}

bus::Result<LogPlace, Exit> find_log(const Options& options, const std::string& reader,
                                     const AskMember& ask, const std::function<bus::Time()>& now) {
    const auto before = remembered_terms(options.data_dir);
    std::vector<std::string> peers = options.peers;
    if (before) add_missing(peers, before->members);
    if (options.join_token.empty() || !options.nats.empty()) peers.clear();
    Options as_reader = options;
    as_reader.node_id = reader;
    std::vector<std::string> troubles;
    auto answered = ask_all(peers, as_reader, "reader", ask, now, troubles);
    if (!answered) return answered.error();
    JoinTerms terms = *answered ? **answered : before.value_or(JoinTerms{});
    const bool is_known = *answered || before.has_value();
    settle(options, terms);
    // Servers that the voters run take what follows from the token.
    const bool has_own = !terms.nats_user.empty() || !options.nats_creds.empty() ||
                         !options.nats_nkey.empty() || !options.nats_cert.empty();
    if (!is_known && !has_own && !options.join_token.empty()) terms.nats_managed = true;
    if (terms.nats.empty()) {
        const std::string said = troubles.empty() ? "" : "; no member answered:" + joined(troubles);
        return Exit{troubles.empty() ? ExitCode::usage : ExitCode::unreachable,
                    "it is not known where NATS is: name servers with --nats, or a member with "
                    "--peers host:8770 and the token in RINGRIFT_JOIN_TOKEN" +
                        said};
    }
    if (terms.nats_managed && options.join_token.empty()) {
        return Exit{ExitCode::usage,
                    "the servers' password follows from the secret of the cluster: set "
                    "RINGRIFT_JOIN_TOKEN, or --join-token-file"};
    }
    LogPlace place = {.cluster = terms.cluster, .nats = nats_of(options, terms)};
    place.nats.name = reader;
    if (auto exit = pass_credentials_on(options, terms, place.nats)) return *std::move(exit);
    if (std::string problem = bus::problem_of(place.nats); !problem.empty())
        return Exit{ExitCode::usage, std::move(problem)};
    return place;
}

bus::Result<ClusterPlace, Exit> find_cluster(const Options& options, projections::Store& store,
                                             const AskMember& ask,
                                             const std::function<bus::Time()>& now) {
    const auto instance = instance_of(store);
    if (!instance) return instance.error();
    ClusterPlace place = {.instance = *instance};
    const auto remembered = store.get(terms_name);
    std::optional<JoinTerms> before;
    if (remembered && *remembered) before = terms_from(**remembered);

    std::vector<std::string> peers = options.peers;
    if (before) add_missing(peers, before->members);
    std::erase(peers, options.advertise + ":" + std::to_string(options.port));
    std::vector<std::string> troubles;
    if (options.join_token.empty()) peers.clear();
    auto answered = ask_all(peers, options, *instance, ask, now, troubles);
    if (!answered) return answered.error();
    JoinTerms terms = *answered ? **answered : before.value_or(JoinTerms{});
    settle(options, terms);
    if (auto missing = what_is_missing(options, terms, troubles)) return *std::move(missing);

    place.cluster = terms.cluster;
    place.voters = terms.voters;
    place.is_voter =
        std::ranges::find(terms.voters, bus::NodeId{options.node_id}) != terms.voters.end();
    place.nats = nats_of(options, terms);
    if (auto exit = pass_credentials_on(options, terms, place.nats)) return *std::move(exit);
    if (std::string problem = bus::problem_of(place.nats); !problem.empty())
        return Exit{ExitCode::usage, std::move(problem)};
    for (const std::string& trouble : troubles)
        place.warnings.push_back("no answer from " + trouble);
    place.terms = terms;
    std::string text;
    bus::write_json(text, terms);
    if (!store.put(terms_name, text)) place.warnings.push_back(store.trouble());
    return place;
}

}  // namespace ringrift::ops
