# about: git: init, add, commit, branch, merge, rebase, log, diff, stash, bisect, gc, fsck, clone, worktree, bundle, daemon
# equal: amd64 i386
# packages: git
# seconds: 180
export GIT_AUTHOR_DATE='2024-01-01T00:00:00Z' GIT_COMMITTER_DATE='2024-01-01T00:00:00Z'
git config --global user.name N; git config --global user.email e@x; git config --global init.defaultBranch main
git init -q r; cd r; seq 20 >f; git add f; git commit -qm one; git checkout -qb side; sed -i s/5/five/ f; git commit -qam two; git checkout -q main; echo g >g; git add g; git commit -qm three
git merge -q --no-edit side; git log --format='%h %s' --graph; git diff --stat HEAD~1; git checkout -qb re HEAD~1; echo h >h; git add h; git commit -qm four; git rebase -q main; git log --oneline | head -n 2
echo dirty >>f; git stash -q; git status --short; git stash pop -q; git status --short; git checkout -q f; git tag v1; git describe --tags; git gc -q; git fsck 2>&1; git count-objects -v | grep in-pack
cd ..; git clone -q r c; cd c; git rev-parse HEAD; git branch -a; git bundle create -q b --all; git ls-remote b; git worktree add -q ../wt main 2>/dev/null; ls ../wt; git grep -n five; git blame -s f | sed -n 5p; git archive HEAD | tar t; cd ..
git daemon --base-path=/w --export-all --listen=127.0.0.1 --port=9418 /w/r & sleep 1; git clone -q git://127.0.0.1/r n; git -C n log --oneline | wc -l; kill $!
