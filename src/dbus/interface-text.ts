// Made of org.boundimages1.xml by test/dbus/generate.ts.
export const interfaceXml = `<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
<!-- Bus name org.boundimages1 (system bus, D-Bus activated).
     Every method but GetImage ends in an options dictionary: D-Bus cannot extend a signature; an unknown key is InvalidArgs.
     Times are microseconds since the epoch, 0 = never. Sizes are bytes. No property is writable. -->
<node>
  <!-- on /org/boundimages1, beside org.freedesktop.DBus.ObjectManager (which lists Images and Jobs, not the Manager) -->
  <interface name="org.boundimages1.Manager">
    <!-- Rescan deployments and the store; returns when properties are current. Concurrent calls share one scan. polkit: refresh -->
    <method name="Refresh"><arg name="options" type="a{sv}" direction="in"/></method>
    <!-- The object of a bound image, by the exact value of its Image= -->
    <method name="GetImage"><arg name="reference" type="s" direction="in"/><arg name="image" type="o" direction="out"/></method>
    <!-- The last jobs that have ended, newest first, at most 50; they outlive the service. Each has id t, operation s, started-by-uid u,
         start-time t, end-time t, result s (succeeded|failed|cancelled), fetched-bytes t (over the wire), freed-bytes t, images as
         (at most 20, of images-total u: where damaged-total u is not 0 those that are missing or damaged in the end, else fetched, repaired
         or removed), error (ss). Of those that found nothing to do, with no other
         between them, the last of each operation is kept -->
    <method name="GetHistory"><arg name="options" type="a{sv}" direction="in"/><arg name="jobs" type="aa{sv}" direction="out"/></method>
    <!-- What os_image ("" = the candidate) would need: per bound image
         (reference, digest, state, bytes to fetch, bytes on disk; -1 = unknown), and totals: os-image s, digest s,
         version s ("" where it does not say), bytes-to-fetch t, bytes-on-disk t. Changes nothing. polkit: refresh -->
    <method name="Plan"><arg name="os_image" type="s" direction="in"/><arg name="options" type="a{sv}" direction="in"/>
      <arg name="images" type="a(sssxx)" direction="out"/><arg name="summary" type="a{sv}" direction="out"/></method>
    <!-- images: references, [] = every one that scope needs. options: scope s (booted|staged|rollback|candidate|all, default all),
         os-image s (in place of both: what an OS image binds that nobody has staged; it is kept for a week), scheduled b (nobody waits:
         obeys the download window, metered networks, the daily limit and what has given up).
         This and the next three return once the job object exists; in the moment that the service leaves they fail
         with org.boundimages1.Error.Busy: call again. polkit: prefetch / verify / gc / upgrade -->
    <method name="Prefetch"><arg name="images" type="as" direction="in"/><arg name="options" type="a{sv}" direction="in"/>
      <arg name="job_id" type="t" direction="out"/><arg name="job" type="o" direction="out"/></method>
    <!-- options: scope s, deep b, repair b (polkit: prefetch, for that fetches) -->
    <method name="Verify"><arg name="images" type="as" direction="in"/><arg name="options" type="a{sv}" direction="in"/>
      <arg name="job_id" type="t" direction="out"/><arg name="job" type="o" direction="out"/></method>
    <!-- options: dry-run b -->
    <method name="CollectGarbage"><arg name="options" type="a{sv}" direction="in"/>
      <arg name="job_id" type="t" direction="out"/><arg name="job" type="o" direction="out"/></method>
    <!-- Prefetch the candidate, stage it locked, verify, unlock. options: apply b (reboot) -->
    <method name="Upgrade"><arg name="options" type="a{sv}" direction="in"/>
      <arg name="job_id" type="t" direction="out"/><arg name="job" type="o" direction="out"/></method>
    <!-- When the job's object goes, 60 s after its end. result: succeeded|failed|cancelled; error_name is "" unless failed -->
    <signal name="JobRemoved"><arg name="job_id" type="t"/><arg name="job" type="o"/><arg name="result" type="s"/><arg name="error_name" type="s"/></signal>
    <property name="Version" type="s" access="read"><annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/></property>
    <property name="Features" type="as" access="read"><annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/></property>
    <!-- of the booted deployment: ready|incomplete|damaged|unknown -->
    <property name="State" type="s" access="read"/>
    <!-- of what boots next: ready|waiting|blocked|none; and why, for a person -->
    <property name="NextBoot" type="(ss)" access="read"/>
    <!-- (slot, OS image reference, manifest digest, state); slots booted|staged|rollback|other|candidate -->
    <property name="Deployments" type="a(ssss)" access="read"/>
    <!-- (slot, definition file with :LINE where it has one, code, text, error|warning): of an error no image comes -->
    <property name="Problems" type="a(sssss)" access="read"/>
    <!-- when a scheduled Prefetch that may not run now begins again by itself, and why, for a person; (0, "") = none waits -->
    <property name="Postponed" type="(ts)" access="read"/>
    <property name="ImagesTotal" type="u" access="read"/>
    <property name="ImagesMissing" type="u" access="read"/>
    <property name="ActiveJobs" type="ao" access="read"/>
    <property name="LastRefresh" type="t" access="read"/>
    <property name="Store" type="(ss)" access="read"/> <!-- (path, mode: bootc|own) -->
    <property name="StorageBytes" type="t" access="read"><annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="invalidates"/></property>
    <!-- one dictionary for each of Deployments, in its order: version s (of the OS, for people; absent where it does not say), bytes t
         (what the store has of the images that it binds, each layer once), own-bytes t (of those, what no other binds) -->
    <property name="DeploymentDetails" type="aa{sv}" access="read"/>
    <!-- shared-bytes t (what several of Deployments bind), unbound-bytes t (what none binds; containers may need it), free-bytes t (on
         the store's file system; absent where it does not say). The first two and all own-bytes are StorageBytes -->
    <property name="Space" type="a{sv}" access="read"/>
  </interface>
  <!-- on /org/boundimages1/image/LABEL, LABEL = sd_bus_path_encode(reference) -->
  <interface name="org.boundimages1.Image">
    <property name="Reference" type="s" access="read"><annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/></property>
    <!-- present|missing|fetching|verifying|damaged|unknown; clients accept new values -->
    <property name="State" type="s" access="read"/>
    <property name="Digest" type="s" access="read"/>          <!-- in the store, "" if absent -->
    <property name="ExpectedDigest" type="s" access="read"/>  <!-- that the reference pins, "" if it is a tag only -->
    <property name="BoundBy" type="a(ss)" access="read"/>     <!-- (slot, definition file) -->
    <property name="SizeBytes" type="t" access="read"/>
    <property name="BytesToFetch" type="x" access="read"/>    <!-- -1 = unknown -->
    <property name="SignaturePolicy" type="s" access="read"/> <!-- what policy.json asks of it -->
    <property name="LastPulled" type="t" access="read"/>
    <property name="LastVerified" type="t" access="read"/>
    <property name="LastError" type="(ss)" access="read"/>    <!-- (error name, text), ("","") = none -->
    <property name="Job" type="o" access="read"/>             <!-- "/" = none -->
  </interface>
  <!-- on /org/boundimages1/job/ID; stays 60 s after it ends; ids never repeat across idle exits -->
  <interface name="org.boundimages1.Job">
    <!-- Idempotent; returns when accepted. Own job: free; another uid's: polkit cancel -->
    <method name="Cancel"><arg name="options" type="a{sv}" direction="in"/></method>
    <property name="Id" type="t" access="read"><annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/></property>
    <property name="Operation" type="s" access="read"><annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/></property> <!-- prefetch|verify|gc|upgrade -->
    <property name="Images" type="as" access="read"><annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/></property>
    <property name="StartedByUID" type="u" access="read"><annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/></property>
    <property name="StartTime" type="t" access="read"><annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/></property>
    <property name="State" type="s" access="read"/>           <!-- queued|running|cancelling|succeeded|failed|cancelled -->
    <property name="Progress" type="d" access="read"/>        <!-- 0..1, -1 = unknown; at most 4 signals a second -->
    <property name="BytesDone" type="t" access="read"/>
    <property name="BytesTotal" type="t" access="read"/>      <!-- 0 = unknown -->
    <property name="BytesPerSecond" type="t" access="read"/>
    <property name="CurrentImage" type="s" access="read"/>
    <property name="Cancelable" type="b" access="read"/>
    <property name="EndTime" type="t" access="read"/>
    <property name="Error" type="(ss)" access="read"/>
    <property name="Result" type="a{sv}" access="read"/>      <!-- prefetch: images as; gc: freed-bytes t, images as, dry-run b (true, or absent); verify: damaged as -->
  </interface>
</node>
`;
