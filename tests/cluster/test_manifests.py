"""The manifests of cluster/kubernetes against the schemas of Kubernetes, and against what the program and the image do."""

import os
import pathlib
import re
import unittest

import kubernetes_validate
import yaml

SOURCE = pathlib.Path(os.environ["TALWEG_SOURCE"])
FILES = sorted((SOURCE / "cluster/kubernetes").glob("*.yaml"))


class Manifests(unittest.TestCase):
    def resources(self):
        for file in FILES:
            for resource in yaml.safe_load_all(file.read_text()):
                yield file.name, resource

    def test_they_are_valid_in_old_and_new_versions(self):
        self.assertGreaterEqual(len(FILES), 2)
        for version in ("1.31", "1.37"):
            for name, resource in self.resources():
                with self.subTest(file=name, kind=resource["kind"], version=version):
                    kubernetes_validate.validate(resource, version, strict=True)

    def test_a_wrong_manifest_is_noticed(self):
        _, resource = next(r for r in self.resources() if r[1]["kind"] == "Job")
        resource["spec"]["completionsMode"] = "Indexed"
        with self.assertRaises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(resource, "1.37", strict=True)

    def test_ranks_and_addresses_fit_together(self):
        by_kind = {resource["kind"]: resource for name, resource in self.resources() if name == "training.yaml"}
        job, service = by_kind["Job"], by_kind["Service"]
        pod = job["spec"]["template"]["spec"]
        variables = {v["name"]: v.get("value") for v in pod["containers"][0]["env"]}
        self.assertEqual(int(variables["WORLD_SIZE"]), job["spec"]["completions"])
        self.assertEqual(job["spec"]["completions"], job["spec"]["parallelism"])
        self.assertEqual(variables["MASTER_ADDR"], f"{job['metadata']['name']}-0.{service['metadata']['name']}")
        self.assertEqual(pod["subdomain"], service["metadata"]["name"])
        self.assertEqual(int(variables["MASTER_PORT"]), service["spec"]["ports"][0]["port"])

    def test_what_can_succeed_is_tried_again(self):
        header = (SOURCE / "core/error.h").read_text()
        codes = {name: int(code) for name, code in re.findall(r"^  (\w+) = (\d+),", header, re.MULTILINE)}
        job = next(r for name, r in self.resources() if name == "training.yaml" and r["kind"] == "Job")
        actions = {}
        for rule in job["spec"]["podFailurePolicy"]["rules"]:
            for code in rule.get("onExitCodes", {}).get("values", []):
                actions.setdefault(code, rule["action"])  # the first rule that fits decides
        expected = {code: "FailJob" for name, code in codes.items() if name != "success"}
        expected |= {codes["system_failure"]: "Count", codes["interrupted_and_saved"]: "Ignore"}
        self.assertEqual(actions, expected)

    def test_volumes_are_there_and_data_is_where_the_program_looks(self):
        claims = {resource["metadata"]["name"] for _, resource in self.resources() if resource["kind"] == "PersistentVolumeClaim"}
        for name, resource in self.resources():
            if resource["kind"] != "Job":
                continue
            pod = resource["spec"]["template"]["spec"]
            container = pod["containers"][0]
            self.assertEqual({m["name"] for m in container["volumeMounts"]}, {v["name"] for v in pod["volumes"]}, name)
            for volume in pod["volumes"]:
                if "persistentVolumeClaim" in volume:
                    self.assertIn(volume["persistentVolumeClaim"]["claimName"], claims, name)
                self.assertNotIn("emptyDir", volume, name)  # results outlive the pod
            paths = [m["mountPath"] for m in container["volumeMounts"]]
            for variable in container.get("env", []):
                if variable["name"] == "TALWEG_DATA_DIR":
                    self.assertIn(variable["value"], paths)

    def test_the_user_is_that_of_the_image(self):
        user = int(re.search(r"--uid (\d+)", (SOURCE / "Dockerfile").read_text())[1])
        for name, resource in self.resources():
            if resource["kind"] == "Job":
                self.assertEqual(resource["spec"]["template"]["spec"]["securityContext"]["runAsUser"], user, name)


if __name__ == "__main__":
    unittest.main()
