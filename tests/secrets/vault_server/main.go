// A real Vault server for tests: HashiCorp's core and HTTP API, with only the plugins that the tests use. It keeps its
// data in a folder, initializes itself there once, and unseals itself whenever it starts.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/hashicorp/go-hclog"
	kubernetes "github.com/hashicorp/vault-plugin-auth-kubernetes"
	kv "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/builtin/credential/approle"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/internalshared/configutil"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/sdk/physical/file"
	"github.com/hashicorp/vault/vault"
)

// Plugins are what mounting looks up by name.
type plugins map[consts.PluginType]map[string]logical.Factory

func (p plugins) Get(name string, kind consts.PluginType) (func() (interface{}, error), bool) {
	factory, found := p[kind][name]
	return func() (interface{}, error) { return factory, nil }, found
}

func (p plugins) Contains(name string, kind consts.PluginType) bool {
	_, found := p[kind][name]
	return found
}

func (p plugins) Keys(kind consts.PluginType) (names []string) {
	for name := range p[kind] {
		names = append(names, name)
	}
	return names
}

func (p plugins) DeprecationStatus(name string, kind consts.PluginType) (consts.DeprecationStatus, bool) {
	return consts.Supported, p.Contains(name, kind)
}

func (plugins) IsBuiltinEntPlugin(string, consts.PluginType) bool { return false }

// Keys are what Initialize gives out once; tests need the root token, and may seal and unseal.
type keys struct {
	RootToken string `json:"root_token"`
	Unseal    []byte `json:"unseal_key"`
}

func unseal(core *vault.Core, path string) error {
	var kept keys
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &kept)
	} else if os.IsNotExist(err) {
		kept, err = initialize(core, path)
	}
	if err != nil {
		return err
	}
	_, err = core.Unseal(kept.Unseal)
	return err
}

func initialize(core *vault.Core, path string) (keys, error) {
	one := vault.SealConfig{SecretShares: 1, SecretThreshold: 1}
	given, err := core.Initialize(context.Background(), &vault.InitParams{BarrierConfig: &one, RecoveryConfig: &one})
	if err != nil {
		return keys{}, err
	}
	made := keys{given.RootToken, given.SecretShares[0]}
	text, err := json.Marshal(made)
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	return made, err
}

func run(address, folder, certificate, key string) error {
	logger := hclog.New(&hclog.LoggerOptions{Level: hclog.Warn})
	storage, err := file.NewFileBackend(map[string]string{"path": filepath.Join(folder, "data")}, logger)
	if err != nil {
		return err
	}
	secrets := map[string]logical.Factory{"kv": kv.Factory}
	logins := map[string]logical.Factory{"approle": approle.Factory, "kubernetes": kubernetes.Factory}
	core, err := vault.NewCore(&vault.CoreConfig{
		Physical:           storage,
		StorageType:        "file",
		LogicalBackends:    secrets,
		CredentialBackends: logins,
		BuiltinRegistry:    plugins{consts.PluginTypeSecrets: secrets, consts.PluginTypeCredential: logins},
		DisableMlock:       true,
		Logger:             logger,
	})
	if err != nil {
		return err
	}
	if err = unseal(core, filepath.Join(folder, "keys.json")); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	listening := &configutil.Listener{Type: "tcp", Address: address}
	server := http.Server{Handler: vaulthttp.Handler.Handler(&vault.HandlerProperties{
		Core:           core,
		ListenerConfig: listening,
	})}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-stop
		server.Close()
	}()
	fmt.Println("serves", listener.Addr())
	if certificate == "" {
		err = server.Serve(listener)
	} else {
		err = server.ServeTLS(listener, certificate, key)
	}
	if err != http.ErrServerClosed {
		return err
	}
	return core.Shutdown()
}

func main() {
	address := flag.String("address", "127.0.0.1:0", "where to listen")
	folder := flag.String("folder", ".", "where the data and the keys are kept")
	certificate := flag.String("certificate", "", "a PEM file: serves TLS")
	key := flag.String("key", "", "the PEM file of the certificate's key")
	flag.Parse()
	if err := run(*address, *folder, *certificate, *key); err != nil {
		log.Fatal(err)
	}
}
